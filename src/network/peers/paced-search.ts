import { type MissingPeer, type Peer, type PeerSearch, type PeerSelection, type RequestOptions } from '../peer.js';
import { type RecordedId } from '../providers/record-key.js';

/** A search whose nodes are asked as fast as the owner wants to hear them; `pacedOf` is the same for the same connection. */
export class PacedSearch implements PeerSearch {
  constructor(
    private readonly search: PeerSearch,
    private readonly pacedOf: (peer: Peer) => Peer,
  ) {}

  get dependsOnContent(): boolean {
    return this.search.dependsOnContent;
  }

  connected(selection?: PeerSelection): readonly Peer[] {
    return this.search.connected(selection).map(this.pacedOf);
  }

  missing(selection?: PeerSelection): readonly MissingPeer[] {
    return this.search.missing(selection);
  }

  reachMore(ids: readonly RecordedId[], selection?: PeerSelection, options?: RequestOptions): Promise<boolean> {
    return this.search.reachMore(ids, selection, options);
  }
}
