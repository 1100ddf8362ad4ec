import { FileLocation, type FileInfo as FileInfoMessage } from '../../gen/ts/kachery_p2p/v1/common.js';
import { type FileInfo } from './kachery-client.js';
import { required } from './required.js';

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
