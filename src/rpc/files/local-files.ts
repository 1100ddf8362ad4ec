import { isAbsolute } from 'node:path';

import {
  type LinkFileRequest,
  type LinkFileResponse,
  type StoreLocalFileRequest,
  type StoreLocalFileResponse,
} from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { checkLabel, labelFromPath } from '../../core/uri.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { fileInfo } from './file-info.js';

/** StoreLocalFile: stores a copy of a file that the daemon reads itself. */
export function storeLocalFile(store: FileStore) {
  return async (request: StoreLocalFileRequest, { signal }: CallContext): Promise<StoreLocalFileResponse> => {
    const { path, label } = parseLocalFile(request);
    const { file, alreadyStored } = await store.storeLocalFile(path, { signal });
    return { file: fileInfo(file, label), alreadyStored };
  };
}

/** LinkFile: makes a file available where it is. */
export function linkFile(store: FileStore) {
  return async (request: LinkFileRequest, { signal }: CallContext): Promise<LinkFileResponse> => {
    const { path, label } = parseLocalFile(request);
    return { file: fileInfo(await store.linkFile(path, { signal }), label) };
  };
}

function parseLocalFile({ path, label }: StoreLocalFileRequest): { path: string; label: string } {
  if (!isAbsolute(path) || path.includes('\0')) {
    throw new KacheryError('invalid-argument', `${quoted(path)} is not an absolute path on the daemon's machine.`, { field: 'path' });
  }
  return { path, label: label === undefined ? labelFromPath(path) : checkLabel(label) };
}
