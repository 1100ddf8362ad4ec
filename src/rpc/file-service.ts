import { type FileServiceServer, type StoreFileRequest } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { parseContentId } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseFileUri } from '../core/uri.js';
import { type FileStore } from '../storage/file-store.js';
import { type ReadBuffers } from '../storage/read-buffers.js';
import { checkBatch } from './files/check-batch.js';
import { fileInfo } from './files/file-info.js';
import { findContent } from './files/find-content.js';
import { findFile } from './files/find-file.js';
import { listFiles } from './files/list-files.js';
import { loadFile } from './files/load-file.js';
import { linkFile, storeLocalFile } from './files/local-files.js';
import { readFile } from './files/read-file.js';
import { readFiles } from './files/read-files.js';
import { type RemoteFiles } from './files/reachable-files.js';
import { ResumableCalls } from './files/resumable-calls.js';
import { storeFile } from './files/store-file.js';
import { storeFiles } from './files/store-files.js';
import { checkUploadId } from './files/upload-id.js';
import { verifyFiles } from './files/verify-files.js';
import { clientStreamHandler } from './streams/client-stream-handler.js';
import { serverStreamHandler } from './streams/server-stream-handler.js';
import { unaryHandler } from './streams/unary-handler.js';
import { type TransferRegistry } from './transfer-registry.js';

/** What FileService works with. */
export interface FileServiceParts {
  readonly store: FileStore;
  readonly transfers: TransferRegistry;
  readonly nodeId: string;
  /** Files of other nodes; undefined without a network. */
  readonly remote: RemoteFiles | undefined;
  /** What files are read into, and what large messages come in. */
  readonly buffers: ReadBuffers;
}

/** Bytes of an upload that wait here while the store is busy with those before. */
const uploadAheadBytes = 1024 * 1024;

/** FileService over a store: parses what comes in, maps what goes out. `idleMs`: how long a client may neither send nor take anything. */
export function fileService({ store, transfers, nodeId, remote, buffers }: FileServiceParts, options: { readonly idleMs: number }): FileServiceServer {
  const resumableCalls = new ResumableCalls();
  return {
    statFile: unaryHandler(async ({ uri }, { signal }) => {
      const { file, label } = await findContent(store, uri, signal);
      return { file: fileInfo(file, label) };
    }),
    findMissingFiles: unaryHandler(async ({ sha1s }, { signal }) => {
      checkBatch(sha1s.length, limits.maxBatchItems, 'hashes');
      return { missingSha1s: await store.missing(sha1s.map(parseContentId), { signal }) };
    }),
    storeFile: clientStreamHandler(storeFile({ store, transfers, buffers }, resumableCalls), { ...options, aheadBytes: uploadAheadBytes, sizeOf: dataBytes }),
    getUpload: unaryHandler(async ({ uploadId }) => {
      await resumableCalls.settled(checkUploadId(uploadId));
      const upload = await store.keptUpload(uploadId);
      if (!upload) throw uploadNotFound(uploadId);
      return { committedSizeBytes: BigInt(upload.committedBytes), sizeBytes: BigInt(upload.sizeBytes), sha1: upload.contentId };
    }),
    abortUpload: unaryHandler(async ({ uploadId }) => {
      await resumableCalls.end(checkUploadId(uploadId));
      await store.abortUpload(uploadId);
      return {};
    }),
    storeLocalFile: unaryHandler(storeLocalFile(store)),
    linkFile: unaryHandler(linkFile(store)),
    loadFile: serverStreamHandler(loadFile(store, remote), options),
    readFile: serverStreamHandler(readFile({ store, remote, transfers, buffers }), {
      ...options,
      onSent: ({ data }) => {
        buffers.release(data);
      },
    }),
    storeFiles: unaryHandler(storeFiles(store)),
    readFiles: serverStreamHandler(readFiles(store, remote), options),
    findFile: serverStreamHandler(findFile({ store, remote, nodeId }), options),
    listFiles: unaryHandler(listFiles(store)),
    deleteFile: unaryHandler(async ({ uri }) => ({ freedBytes: BigInt(await store.delete(parseFileUri(uri).id)) })),
    verifyFiles: serverStreamHandler(verifyFiles(store), options),
  };
}

function dataBytes({ part }: StoreFileRequest): number {
  return part?.$case === 'data' ? part.value.byteLength : 0;
}

function uploadNotFound(uploadId: string): KacheryError {
  return new KacheryError('upload-not-found', 'Nothing is kept of this upload: it was finished, never begun, or dropped after a day. Start it anew.', {
    upload_id: uploadId,
  });
}
