import { type MissingPeer, type Peer, type Peers, type PeerSearch, type PeerSelection, type RequestOptions } from '../peer.js';
import { type FairShare } from '../serving/fair-share.js';
import { PacedPeer } from './paced-peer.js';
import { PacedSearch } from './paced-search.js';

/** The other nodes, from which together no more comes than may: what each sends waits for its share, and the node waits with it. */
export class PacedPeers implements Peers {
  private readonly paced = new WeakMap<Peer, Peer>();

  constructor(
    private readonly peers: Peers,
    private readonly share: Pick<FairShare, 'take'>,
  ) {}

  connected(selection?: PeerSelection): readonly Peer[] {
    return this.peers.connected(selection).map((peer) => this.pacedOf(peer));
  }

  missing(selection?: PeerSelection): readonly MissingPeer[] {
    return this.peers.missing(selection);
  }

  connectMissing(selection?: PeerSelection, options?: RequestOptions): Promise<void> {
    return this.peers.connectMissing(selection, options);
  }

  search(): PeerSearch {
    return new PacedSearch(this.peers.search(), (peer) => this.pacedOf(peer));
  }

  watch(onChange: () => void): () => void {
    return this.peers.watch(onChange);
  }

  /** The same for the same connection, as Peers promises. */
  private pacedOf(peer: Peer): Peer {
    const known = this.paced.get(peer);
    if (known) return known;
    const paced = new PacedPeer(peer, this.share);
    this.paced.set(peer, paced);
    return paced;
  }
}
