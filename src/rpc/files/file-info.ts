import { FileInfo, FileLocation } from '../../../gen/ts/kachery_p2p/v1/common.js';
import { formatFileUri } from '../../core/uri.js';
import { type StoredFile } from '../../storage/file-store.js';

const locations: Readonly<Record<StoredFile['location'], FileLocation>> = {
  stored: FileLocation.FILE_LOCATION_STORED,
  linked: FileLocation.FILE_LOCATION_LINKED,
};

/** What clients are told of a file. `label` goes into its URI; empty for none. */
export function fileInfo(file: StoredFile, label: string): FileInfo {
  return {
    uri: formatFileUri(file.id, label, file.manifestId),
    sha1: file.id,
    sizeBytes: BigInt(file.sizeBytes),
    manifestSha1: file.manifestId,
    location: locations[file.location],
    localPath: file.path,
  };
}
