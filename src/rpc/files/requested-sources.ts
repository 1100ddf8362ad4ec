import { type SourceSelection } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { parseNodeId } from '../../core/node-id.js';
import { type PeerSelection } from '../../network/peer.js';

/** Which other nodes may be asked for what is not here; undefined if nobody may be asked. */
export type RequestedSources = PeerSelection | undefined;

/** Which nodes a request lets be asked; all without a selection. Fails with `invalid-argument` for a node id that is none. */
export function requestedSources(selection: SourceSelection | undefined): RequestedSources {
  const { nodeId = '', channel = '', localOnly = false } = selection ?? {};
  const sources = { ...(nodeId !== '' && { nodeId: parseNodeId(nodeId) }), ...(channel !== '' && { channel }) };
  return localOnly ? undefined : sources;
}
