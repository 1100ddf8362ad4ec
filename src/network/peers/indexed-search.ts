import { type NodeId } from '../../core/node-id.js';
import { type MissingPeer, type Peer, type Peers, type PeerSearch, type PeerSelection, type RequestOptions } from '../peer.js';
import { type HolderSearch } from '../providers/holder-search.js';
import { type LargeChannels } from '../providers/large-channels.js';
import { type RecordedId } from '../providers/record-key.js';

/** What a search in large channels works with. */
export interface IndexedSearchParts {
  readonly peers: Pick<Peers, 'connected' | 'missing' | 'connectMissing'>;
  readonly large: Pick<LargeChannels, 'all' | 'isClose'>;
  readonly holders: HolderSearch;
}

/** Connected members that are asked at most when the index could not help. */
const maxAskedInVain = 48;

/** A search where some channels are large: of their members those are asked that the index names, and if it names nobody, those that are connected. */
export class IndexedSearch implements PeerSearch {
  readonly dependsOnContent = true;
  private hasBegun = false;

  constructor(private readonly parts: IndexedSearchParts) {}

  connected(selection: PeerSelection = {}): readonly Peer[] {
    const all = this.parts.peers.connected(selection);
    if (selection.nodeId !== undefined) return all;
    const worth = all.filter(({ nodeId }) => this.isWorthAsking(nodeId));
    if (!this.parts.holders.isWidened) return worth;
    const others = all.filter(({ nodeId }) => !this.isWorthAsking(nodeId));
    return [...worth, ...others.slice(0, maxAskedInVain)];
  }

  missing(selection: PeerSelection = {}): readonly MissingPeer[] {
    const all = this.parts.peers.missing(selection);
    const areAllPossible = selection.nodeId !== undefined || !this.hasBegun || this.parts.holders.isIncomplete;
    return areAllPossible ? all : all.filter(({ nodeId }) => this.isWorthAsking(nodeId));
  }

  async reachMore(ids: readonly RecordedId[], selection: PeerSelection = {}, options: RequestOptions = {}): Promise<boolean> {
    const { peers, large, holders } = this.parts;
    const connecting = peers.connectMissing(selection, options);
    this.hasBegun = true;
    const { channel, nodeId } = selection;
    const channels = nodeId === undefined ? large.all().filter(({ address }) => channel === undefined || channel === address) : [];
    const isMore = channels.length > 0 && (await holders.step(ids, channels, options));
    // Members of small channels may be slow to connect; who the index has named need not wait for them.
    if (!isMore) await connecting;
    return isMore;
  }

  private isWorthAsking(nodeId: NodeId): boolean {
    return this.parts.large.isClose(nodeId) || this.parts.holders.named.has(nodeId);
  }
}
