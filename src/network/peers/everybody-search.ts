import { type MissingPeer, type Peer, type Peers, type PeerSearch, type PeerSelection, type RequestOptions } from '../peer.js';
import { type RecordedId } from '../providers/record-key.js';

/** A search in which all are worth asking. */
export class EverybodySearch implements PeerSearch {
  readonly dependsOnContent = false;

  constructor(private readonly peers: Pick<Peers, 'connected' | 'missing' | 'connectMissing'>) {}

  connected(selection?: PeerSelection): readonly Peer[] {
    return this.peers.connected(selection);
  }

  missing(selection?: PeerSelection): readonly MissingPeer[] {
    return this.peers.missing(selection);
  }

  async reachMore(_ids: readonly RecordedId[], selection?: PeerSelection, options?: RequestOptions): Promise<boolean> {
    await this.peers.connectMissing(selection, options);
    return false;
  }
}
