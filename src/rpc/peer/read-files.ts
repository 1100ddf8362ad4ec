import { type ReadFileResult, type ReadFilesRequest, type ReadFilesResponse } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { parseContentId } from '../../core/content-id.js';
import { type KacheryError } from '../../core/failure.js';
import { inGroups } from '../../core/in-groups.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type CallContext } from '../call-context.js';
import { errorReasonName } from '../codec/reason-codes.js';
import { checkBatch } from '../files/check-batch.js';
import { type FileServing } from './read-file.js';

/** As many results go into a message: contents, or a word for why there is none. */
const messageBounds = {
  maxBytes: limits.dataMessageBytes,
  sizeBytesOf: (content: unknown): number => 16 + (Buffer.isBuffer(content) ? content.byteLength : 0),
};

/** ReadFiles of PeerService: the contents of many small files in the order of the request, as many to a message as fit. */
export function readFilesForPeer({ store, share }: FileServing, nodeId: NodeId) {
  return async function* ({ sha1s }: ReadFilesRequest, { signal }: CallContext): AsyncGenerator<ReadFilesResponse, void, undefined> {
    checkBatch(sha1s.length, limits.maxPeerBatchFiles, 'hashes');
    const end = share.begin(nodeId);
    try {
      for await (const contents of inGroups(store.readMany(sha1s.map(parseContentId), { signal }), messageBounds)) {
        const sizeBytes = contents.reduce((sum, content) => sum + messageBounds.sizeBytesOf(content), 0);
        await share.take(nodeId, sizeBytes, signal);
        yield { results: contents.map(resultOf) };
      }
    } finally {
      end();
    }
  };
}

function resultOf(content: Buffer | KacheryError | undefined): ReadFileResult {
  if (Buffer.isBuffer(content)) return { outcome: { $case: 'content', value: content } };
  return { outcome: { $case: 'errorReason', value: errorReasonName(content?.reason ?? 'file-not-found') } };
}
