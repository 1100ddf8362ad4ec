import { formatFileUri } from '../core/uri.js';
import { type StoredFile } from '../storage/file-store.js';
import { type FileInfo } from './kachery-client.js';

/** A file of an offline directory. */
export function fileInfoOfStored({ id, sizeBytes, manifestId, location, path }: StoredFile, label: string): FileInfo {
  const manifest = manifestId === undefined ? {} : { manifestSha1: manifestId };
  return { uri: formatFileUri(id, label, manifestId), sha1: id, sizeBytes, ...manifest, location, localPath: path };
}
