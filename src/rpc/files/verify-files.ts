import { type VerifyFilesRequest, type VerifyFilesResponse } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { limits } from '../../core/limits.js';
import { parseFileUri } from '../../core/uri.js';
import { type FileStore, type VerifyEvent } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from './check-batch.js';

/** VerifyFiles: what is bad among what is stored, and progress in between. */
export function verifyFiles(store: FileStore) {
  return async function* ({ uris, quarantine }: VerifyFilesRequest, { signal }: CallContext): AsyncGenerator<VerifyFilesResponse, void, undefined> {
    checkBatch(uris.length, limits.maxBatchItems, 'URIs');
    const ids = uris.length === 0 ? undefined : uris.map((uri) => parseFileUri(uri).id);
    for await (const event of store.verify(ids, { quarantine, signal })) yield verifyResponse(event);
  };
}

function verifyResponse(event: VerifyEvent): VerifyFilesResponse {
  if (event.kind === 'progress') {
    const { checkedFiles, checkedBytes, badFiles } = event;
    const value = { checkedFiles: BigInt(checkedFiles), checkedBytes: BigInt(checkedBytes), badFiles: BigInt(badFiles) };
    return { event: { $case: 'progress', value } };
  }
  const { id, actualId = '', path, quarantinePath = '', problem } = event;
  return { event: { $case: 'badFile', value: { sha1: id, actualSha1: actualId, path, quarantinePath, problem } } };
}
