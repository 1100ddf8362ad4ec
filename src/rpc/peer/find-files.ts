import { type FindFilesRequest, type FindFilesResponse, type FoundFile } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { parseContentId } from '../../core/content-id.js';
import { limits } from '../../core/limits.js';
import { type FileStore, type StoredFile } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from '../files/check-batch.js';

/** FindFiles of PeerService: which files are here. One that cannot be looked at, or whose link is broken, is not here for others. */
export function findFilesForPeer(store: FileStore) {
  return async ({ sha1s }: FindFilesRequest, { signal }: CallContext): Promise<FindFilesResponse> => {
    checkBatch(sha1s.length, limits.maxPeerBatchFiles, 'hashes');
    const files = await store.findMany(sha1s.map(parseContentId), { signal });
    return { files: files.flatMap((file) => (file ? [foundFile(file)] : [])) };
  };
}

function foundFile({ id, sizeBytes, manifestId }: StoredFile): FoundFile {
  return { sha1: id, sizeBytes: BigInt(sizeBytes), manifestSha1: manifestId };
}
