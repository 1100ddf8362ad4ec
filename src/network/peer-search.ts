import { type RecordedId } from './providers/record-key.js';
import { type MissingPeer, type Peer, type PeerSelection, type RequestOptions } from './peer.js';

/** One search for contents: which nodes are worth asking. In small channels all are; in large ones those that the channel's index names. */
export interface PeerSearch {
  /** Those that are connected now, nearest first. Fails as Peers.connected. */
  connected(selection?: PeerSelection): readonly Peer[];

  /** Those that may have the contents and are not connected now. Fails as `connected`. */
  missing(selection?: PeerSelection): readonly MissingPeer[];

  /** True if for each content other nodes may be worth asking: then a step for some says nothing of others. */
  readonly dependsOnContent: boolean;

  /**
   * Takes a step to reach more nodes that may have contents of which nobody said until now that it has them. Resolves with whether there are further steps.
   * Never fails.
   */
  reachMore(ids: readonly RecordedId[], selection?: PeerSelection, options?: RequestOptions): Promise<boolean>;
}
