import { type SourceSelection } from '../../../gen/ts/kachery_p2p/v1/file_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { parseNodeId } from '../../core/node-id.js';
import { type PeerSelection } from '../../network/peer.js';

/** Which other nodes may be asked for what is not here; undefined if nobody may be asked. */
export type RequestedSources = PeerSelection | undefined;

/** Which nodes a request lets be asked; all without a selection. Fails with `invalid-argument` for a node id that is none, and a channel that cannot be one. */
export function requestedSources(selection: SourceSelection | undefined): RequestedSources {
  const { nodeId = '', channel = '', localOnly = false } = selection ?? {};
  if (channel.length > limits.maxUriLength) {
    const actual = String(channel.length);
    throw new KacheryError(
      'invalid-argument',
      `The channel to load from has ${actual} characters. Give the URL or the path of a channel that this node has joined.`,
      {
        actual,
      },
    );
  }
  const sources = { ...(nodeId !== '' && { nodeId: parseNodeId(nodeId) }), ...(channel !== '' && { channel }) };
  return localOnly ? undefined : sources;
}
