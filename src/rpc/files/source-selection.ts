import { type SourceSelection } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { parseNodeId } from '../../core/node-id.js';
import { type PeerSelection } from '../../network/peer.js';

/** The nodes that a request lets be asked; undefined for none. Fails with `invalid-argument`. */
export function parseSources(sources: SourceSelection | undefined): PeerSelection | undefined {
  const { nodeId = '', channel = '', localOnly = false } = sources ?? {};
  if (channel.length > limits.maxUriLength) {
    throw new KacheryError('invalid-argument', `The channel has ${String(channel.length)} characters; at most ${String(limits.maxUriLength)} are allowed.`, {
      field: 'sources.channel',
    });
  }
  const selection = { ...(nodeId !== '' && { nodeId: parseNodeId(nodeId) }), ...(channel !== '' && { channel }) };
  return localOnly ? undefined : selection;
}
