import { type Clock } from '../../core/clock.js';
import { type FeedId } from '../../core/feed-id.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type FeedRequestOptions } from '../../network/feed-peer.js';
import { type Peer } from '../../network/peer.js';

/** What a node said of itself and a feed. */
export type Holding = 'owner' | 'replica' | 'absent';

interface Answer {
  readonly holding: Holding;
  readonly atMs: number;
}

/** Feeds that are remembered of one node. */
const maxRemembered = 10_000;

/** Remembers which nodes said that they have which feeds. */
export class FeedHolders {
  private readonly answers = new Map<NodeId, Map<FeedId, Answer>>();

  constructor(
    private readonly clock: Clock,
    private readonly options: { readonly absenceMs: number },
  ) {}

  /** What a node said last; undefined if it was not asked, or said long ago that it does not have the feed. */
  holdingOf(nodeId: NodeId, id: FeedId): Holding | undefined {
    const answer = this.answers.get(nodeId)?.get(id);
    if (answer?.holding !== 'absent') return answer?.holding;
    return this.clock.now() - answer.atMs < this.options.absenceMs ? 'absent' : undefined;
  }

  /** Whether a node said last that it has the feed, or a copy of it. */
  isHolder(nodeId: NodeId, id: FeedId): boolean {
    return (this.holdingOf(nodeId, id) ?? 'absent') !== 'absent';
  }

  /** Asks a node which of the feeds it has. Fails as the node does. */
  async ask({ nodeId, feeds }: Peer, ids: readonly FeedId[], options: FeedRequestOptions): Promise<void> {
    for (let start = 0; start < ids.length; start += limits.maxPeerBatchFeeds) {
      const some = ids.slice(start, start + limits.maxPeerBatchFeeds);
      const found = new Map((await feeds.findFeeds(some, options)).map(({ id, isWriteable }) => [id, isWriteable]));
      for (const id of some) this.note(nodeId, id, found.has(id) ? (found.get(id) === true ? 'owner' : 'replica') : 'absent');
    }
  }

  /** Notes what became known otherwise. */
  note(nodeId: NodeId, id: FeedId, holding: Holding): void {
    const answers = this.answers.get(nodeId) ?? new Map<FeedId, Answer>();
    this.answers.set(nodeId, answers);
    answers.delete(id);
    answers.set(id, { holding, atMs: this.clock.now() });
    const [oldest] = answers.keys();
    if (answers.size > maxRemembered && oldest !== undefined) answers.delete(oldest);
  }

  /** Forgets everything about nodes that are not connected any more. */
  keepOnly(nodeIds: ReadonlySet<NodeId>): void {
    for (const nodeId of this.answers.keys()) if (!nodeIds.has(nodeId)) this.answers.delete(nodeId);
  }
}
