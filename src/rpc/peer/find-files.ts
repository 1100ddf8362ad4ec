import { type FindFilesRequest, type FindFilesResponse, type FoundFile } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type ContentId, parseContentId } from '../../core/content-id.js';
import { limits } from '../../core/limits.js';
import { type FileStore } from '../../storage/file-store.js';
import { type CallContext } from '../call-context.js';
import { checkBatch } from '../files/check-batch.js';
import { mapInOrder } from '../files/map-in-order.js';

const lookupsInFlight = 32;

/** FindFiles of PeerService: which files are here. One that cannot be looked at, or whose link is broken, is not here for others. */
export function findFilesForPeer(store: FileStore) {
  return async ({ sha1s }: FindFilesRequest, { signal }: CallContext): Promise<FindFilesResponse> => {
    checkBatch(sha1s.length, limits.maxPeerBatchFiles, 'hashes');
    const files: FoundFile[] = [];
    for await (const file of mapInOrder(sha1s.map(parseContentId), lookupsInFlight, (id) => find(store, id, signal))) if (file) files.push(file);
    return { files };
  };
}

async function find(store: FileStore, id: ContentId, signal: AbortSignal): Promise<FoundFile | undefined> {
  signal.throwIfAborted();
  const file = await store.find(id).catch(() => undefined);
  return file && { sha1: id, sizeBytes: BigInt(file.sizeBytes), manifestSha1: file.manifestId };
}
