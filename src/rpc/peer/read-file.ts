import { type ReadFileRequest } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { parseContentId } from '../../core/content-id.js';
import { type NodeId } from '../../core/node-id.js';
import { formatFileUri } from '../../core/uri.js';
import { type FairShare } from '../../network/serving/fair-share.js';
import { type FileStore } from '../../storage/file-store.js';
import { type ReadBuffers } from '../../storage/read-buffers.js';
import { type CallContext } from '../call-context.js';
import { type OutgoingReadFileResponse } from '../codec/read-file-response-codec.js';
import { pieceHeadroomBytes } from '../files/piece-headroom-bytes.js';
import { requestedRange } from '../files/requested-range.js';
import { type TransferRegistry } from '../transfer-registry.js';

/** What files are sent to other nodes with. */
export interface FileServing {
  readonly store: FileStore;
  readonly transfers: TransferRegistry;
  readonly share: FairShare;
  readonly buffers: ReadBuffers;
}

/** ReadFile of PeerService: the bytes of a range, as fast as the node's share allows. The piece of a message that was sent may be released to `buffers`. */
export function readFileForPeer({ store, transfers, share, buffers }: FileServing, nodeId: NodeId) {
  return async function* (request: ReadFileRequest, { signal }: CallContext): AsyncGenerator<OutgoingReadFileResponse, void, undefined> {
    const id = parseContentId(request.sha1);
    const range = requestedRange(request);
    const end = share.begin(nodeId);
    const transfer = transfers.begin('serve', formatFileUri(id, ''), range.end === undefined ? 0 : range.end - range.start);
    try {
      for await (const data of store.read(id, { ...range, signal, headroomBytes: pieceHeadroomBytes, buffers })) {
        const sizeBytes = data.byteLength;
        await share.take(nodeId, sizeBytes, signal);
        yield { data, headroomBytes: pieceHeadroomBytes };
        transfer.add(sizeBytes);
      }
      transfer.end('done');
    } finally {
      transfer.end('failed');
      end();
    }
  };
}
