import { type FeedId } from '../../core/feed-id.js';
import { type Peer } from '../../network/peer.js';
import { Slots } from '../../network/link/slots.js';
import { Bell } from '../bell.js';
import { type SearchOptions } from './feed-locator.js';
import { FeedInquiry } from './feed-inquiry.js';
import { type FeedSources } from './feed-sources.js';
import { type ReplicationParts, type ReplicationTimes } from './replication-parts.js';

/** How searches are made. */
export interface FeedReachOptions {
  readonly times: ReplicationTimes;
  readonly closing: AbortSignal;
  /** Hears when a search has ended. */
  readonly onSearched: () => void;
}

/** The last search for one feed. */
interface Search {
  readonly done: Promise<void>;
  /** Undefined while it is under way. */
  endedAtMs: number | undefined;
  /** How often in a row the owner was not found. */
  failures: number;
}

/** Owners of followed feeds that are looked for at a time. */
const maxSeeks = 8;
/** Feeds of which the last search is remembered. */
const maxSearches = 10_000;

/**
 * Sees to it that in channels so large that not all members are connected those of a feed's are that have it, its owner above all. In small channels there is
 * nothing to do: there everybody is connected who can be.
 */
export class FeedReach {
  private readonly searches = new Map<FeedId, Search>();
  private readonly slots = new Slots(maxSeeks);

  constructor(
    private readonly parts: Pick<ReplicationParts, 'peers' | 'clock'>,
    private readonly sources: FeedSources,
    private readonly options: FeedReachOptions,
  ) {}

  /** Resolves when the owner of a feed is connected, or nobody else could be, or it was looked for just before, or it takes too long. Never fails. */
  async prepare(id: FeedId, { signal }: SearchOptions): Promise<void> {
    if (!this.isNeeded(id)) return;
    const { absenceMs, reachMs } = this.options.times;
    const last = this.searches.get(id);
    const isRecent = last !== undefined && (last.endedAtMs === undefined || this.parts.clock.now() - last.endedAtMs < absenceMs);
    const search = isRecent ? last : this.begin(id, (work) => work());
    const ended = new Bell();
    void search.done.then(() => {
      ended.ring();
    });
    await ended.wait({ signal, timeoutMs: reachMs });
  }

  /** Looks for the owners of feeds that are not connected, where that is due. Returns in how many milliseconds it is due again; undefined if it never is. */
  seek(ids: readonly FeedId[]): number | undefined {
    const nowMs = this.parts.clock.now();
    const dueMs: number[] = [];
    for (const id of ids.filter((each) => this.isNeeded(each))) {
      const last = this.searches.get(id);
      if (last && last.endedAtMs === undefined) continue;
      const leftMs = last?.endedAtMs === undefined ? 0 : last.endedAtMs + this.pauseMs(last.failures) - nowMs;
      if (leftMs > 0) dueMs.push(leftMs);
      else this.begin(id, (work) => this.slots.use(work));
    }
    return dueMs.length > 0 ? Math.min(...dueMs) : undefined;
  }

  private isNeeded(id: FeedId): boolean {
    return this.parts.peers.search().dependsOnContent && !this.sources.hasOwner(id);
  }

  private pauseMs(failures: number): number {
    const { firstSeekPauseMs, maxSeekPauseMs } = this.options.times;
    return failures === 0 ? 0 : Math.min(maxSeekPauseMs, firstSeekPauseMs * 2 ** (failures - 1));
  }

  private begin(id: FeedId, use: (work: () => Promise<boolean>) => Promise<boolean>): Search {
    const failures = this.searches.get(id)?.failures ?? 0;
    const done = use(() => this.findOwner(id)).then((isFound) => {
      search.endedAtMs = this.parts.clock.now();
      search.failures = isFound ? 0 : failures + 1;
      this.options.onSearched();
    });
    const search: Search = { done, endedAtMs: undefined, failures };
    this.searches.delete(id);
    this.searches.set(id, search);
    const [oldest] = this.searches.keys();
    if (this.searches.size > maxSearches && oldest !== undefined) this.searches.delete(oldest);
    return search;
  }

  private async findOwner(id: FeedId): Promise<boolean> {
    const { holders } = this.sources;
    const isWanted = ({ nodeId }: Peer): boolean => holders.holdingOf(nodeId, id) === 'owner';
    const isKnown = ({ nodeId }: Peer): boolean => holders.holdingOf(nodeId, id) !== undefined;
    try {
      const inquiry = new FeedInquiry({ peers: this.parts.peers, sources: this.sources, id, isWanted, isKnown });
      return (await inquiry.run(this.options.closing)).isFound;
    } catch {
      return false;
    }
  }
}
