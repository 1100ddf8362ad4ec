import { FileLocation, type FileInfo as FileInfoMessage } from '../../gen/ts/kachery_p2p/v1/common.js';
import { KacheryError } from '../core/failure.js';
import { type FileInfo } from './kachery-client.js';

/** A file as the daemon tells of it. */
export function fileInfoOf(message: FileInfoMessage | undefined): FileInfo {
  const { uri, sha1, sizeBytes, manifestSha1, location, localPath } = required(message, 'file');
  return {
    uri,
    sha1,
    sizeBytes: Number(sizeBytes),
    ...(manifestSha1 === undefined ? {} : { manifestSha1 }),
    location: location === FileLocation.FILE_LOCATION_LINKED ? 'linked' : 'stored',
    localPath,
  };
}

/** A field that every answer has. Fails with `internal` if the answer lacks it. */
export function required<T>(value: T | undefined, field: string): T {
  if (value !== undefined) return value;
  throw new KacheryError('internal', `The daemon's answer lacks the field ${field}. Is it newer or older than this client? Please report it.`, { field });
}
