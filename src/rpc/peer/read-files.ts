import { type ReadFileResult, type ReadFilesRequest, type ReadFilesResponse } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { parseContentId } from '../../core/content-id.js';
import { type KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type CallContext } from '../call-context.js';
import { errorReasonName } from '../codec/reason-codes.js';
import { checkBatch } from '../files/check-batch.js';
import { type FileServing } from './read-file.js';

const bytesPerResult = 16;

/** ReadFiles of PeerService: the contents of many small files in the order of the request, as many to a message as fit. */
export function readFilesForPeer({ store, share }: FileServing, nodeId: NodeId) {
  return async function* ({ sha1s }: ReadFilesRequest, { signal }: CallContext): AsyncGenerator<ReadFilesResponse, void, undefined> {
    checkBatch(sha1s.length, limits.maxPeerBatchFiles, 'hashes');
    const end = share.begin(nodeId);
    try {
      for await (const { results, sizeBytes } of grouped(store.readMany(sha1s.map(parseContentId), { signal }))) {
        await share.take(nodeId, sizeBytes, signal);
        yield { results };
      }
    } finally {
      end();
    }
  };
}

/** As many results together as fit into a message. */
async function* grouped(
  contents: AsyncIterable<Buffer | KacheryError | undefined>,
): AsyncGenerator<{ results: ReadFileResult[]; sizeBytes: number }, void, undefined> {
  let group = { results: [] as ReadFileResult[], sizeBytes: 0 };
  for await (const content of contents) {
    const result = resultOf(content);
    const resultBytes = bytesPerResult + (result.outcome?.$case === 'content' ? result.outcome.value.byteLength : 0);
    if (group.results.length > 0 && group.sizeBytes + resultBytes > limits.dataMessageBytes) {
      yield group;
      group = { results: [], sizeBytes: 0 };
    }
    group.results.push(result);
    group.sizeBytes += resultBytes;
  }
  if (group.results.length > 0) yield group;
}

function resultOf(content: Buffer | KacheryError | undefined): ReadFileResult {
  if (Buffer.isBuffer(content)) return { outcome: { $case: 'content', value: content } };
  return { outcome: { $case: 'errorReason', value: errorReasonName(content?.reason ?? 'file-not-found') } };
}
