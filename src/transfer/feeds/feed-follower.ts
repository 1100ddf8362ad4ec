import { isKacheryError } from '../../core/failure.js';
import { type FeedId, isFeedId } from '../../core/feed-id.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type SubfeedAddress, type SubfeedHash } from '../../core/subfeed.js';
import { type Peer } from '../../network/peer.js';
import { type FeedReach } from './feed-reach.js';
import { type FeedSources } from './feed-sources.js';
import { PeerWatch, type PeerWatchParts } from './peer-watch.js';
import { type ReplicationParts, type ReplicationTimes } from './replication-parts.js';

interface Followed {
  readonly subfeed: SubfeedAddress;
  watchers: number;
}

/** Copies of a feed that are followed at a time while its owner is not connected: the first that hears of something passes it on. */
const maxFollowedCopies = 3;

/**
 * Keeps subfeeds of other nodes up to date while somebody here follows them: one call for each connected node that is worth following. What is followed where is
 * decided anew whenever something changes; nothing is asked again and again.
 */
export class FeedFollower {
  private readonly followed = new Map<string, Followed>();
  private readonly watches = new Set<PeerWatch>();
  /** Calls that were ended and are not over yet. */
  private readonly ending = new Set<Promise<void>>();
  private readonly inquiries = new Set<NodeId>();
  private connected: ReadonlySet<NodeId> = new Set();
  private planTimer: NodeJS.Timeout | undefined;
  private searchTimer: NodeJS.Timeout | undefined;
  private seekTimer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly unwatchPeers: () => void;

  constructor(
    private readonly parts: ReplicationParts,
    private readonly sources: FeedSources,
    private readonly watching: Pick<PeerWatchParts, 'survey' | 'catchUp'> & { readonly reach: Pick<FeedReach, 'seek'> },
    private readonly options: { readonly times: ReplicationTimes; readonly closing: AbortSignal },
  ) {
    this.unwatchPeers = parts.peers.watch(() => {
      this.changed();
    });
  }

  /** Follows subfeeds of feeds that are here as copies, until the function that it returns is called. */
  follow(subfeeds: readonly SubfeedAddress[]): () => void {
    for (const subfeed of subfeeds) {
      const known = this.followed.get(keyOf(subfeed));
      if (known) known.watchers++;
      else this.followed.set(keyOf(subfeed), { subfeed: { feedId: subfeed.feedId, subfeedHash: subfeed.subfeedHash }, watchers: 1 });
    }
    this.changed();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const subfeed of subfeeds) this.unfollow(keyOf(subfeed));
      this.changed();
    };
  }

  /** Says that something may have to be done otherwise; what it is comes out a little later. */
  changed(): void {
    if (this.isClosed) return;
    this.planTimer ??= setTimeout(() => {
      this.planTimer = undefined;
      this.plan();
    }, this.options.times.planDelayMs);
  }

  /** Ends all calls; resolves when nothing of them works any more. May be called again. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.unwatchPeers();
    clearTimeout(this.planTimer);
    clearTimeout(this.searchTimer);
    clearTimeout(this.seekTimer);
    for (const watch of this.watches) this.stop(watch);
    await Promise.all(this.ending);
  }

  private unfollow(key: string): void {
    const followed = this.followed.get(key);
    if (!followed) return;
    followed.watchers--;
    if (followed.watchers === 0) this.followed.delete(key);
  }

  private plan(): void {
    this.noteConnections();
    const feedIds = [...new Set([...this.followed.values()].map(({ subfeed }) => subfeed.feedId))];
    const wanted = this.assign(feedIds);
    for (const watch of this.watches) if (!this.connected.has(watch.peer.nodeId)) this.stop(watch);
    for (const peer of this.parts.peers.connected()) this.adjust(peer, wanted.get(peer.nodeId) ?? new Map<string, SubfeedAddress>());
    this.inquire(feedIds);
    this.seek(feedIds);
  }

  /** A node that came back is asked at once, whatever made it go. */
  private noteConnections(): void {
    const now = new Set(this.parts.peers.connected().map(({ nodeId }) => nodeId));
    for (const nodeId of now) if (!this.connected.has(nodeId)) this.sources.troubles.forgive(nodeId);
    this.sources.holders.keepOnly(now);
    this.connected = now;
  }

  /** What is to be followed where. */
  private assign(feedIds: readonly FeedId[]): Map<NodeId, Map<string, SubfeedAddress>> {
    const chosen = new Map(feedIds.map((id) => [id, this.choose(id)]));
    const wanted = new Map<NodeId, Map<string, SubfeedAddress>>();
    for (const [key, { subfeed }] of this.followed) {
      for (const { nodeId } of chosen.get(subfeed.feedId) ?? []) {
        if (this.sources.troubles.isTroubled(nodeId, subfeed)) continue;
        const subfeeds = wanted.get(nodeId) ?? new Map<string, SubfeedAddress>();
        wanted.set(nodeId, subfeeds.set(key, subfeed));
      }
    }
    return wanted;
  }

  /** The owner, or the nearest that have copies. */
  private choose(id: FeedId): readonly Peer[] {
    const having = (holding: string): Peer[] => this.sources.connected(id).filter(({ nodeId }) => this.sources.holders.holdingOf(nodeId, id) === holding);
    const owners = having('owner');
    return owners.length > 0 ? owners.slice(0, 1) : having('replica').slice(0, maxFollowedCopies);
  }

  /** Ends calls of a node that follow what is not wanted there, and begins others for what is not followed. */
  private adjust(peer: Peer, wanted: ReadonlyMap<string, SubfeedAddress>): void {
    const missing = new Map(wanted);
    const calls = [...this.watches].filter((watch) => watch.peer.nodeId === peer.nodeId);
    for (const call of calls) {
      const keys = call.subfeeds.map(keyOf);
      // A call that goes on for ever over a connection which a better one has replaced would keep that one, such as a relay's, in use for ever.
      if (call.peer.feeds === peer.feeds && keys.every((key) => missing.has(key))) for (const key of keys) missing.delete(key);
      else this.stop(call);
    }
    if (missing.size === 0) return;
    // A call that has room takes what is new, so that there are not many with little.
    const roomy = [...this.watches].find((watch) => watch.peer.nodeId === peer.nodeId && watch.subfeeds.length < limits.maxPeerBatchFeeds);
    const all = [...(roomy?.subfeeds ?? []), ...missing.values()];
    if (roomy) this.stop(roomy);
    for (let start = 0; start < all.length; start += limits.maxPeerBatchFeeds) this.start(peer, all.slice(start, start + limits.maxPeerBatchFeeds));
  }

  private start(peer: Peer, subfeeds: readonly SubfeedAddress[]): void {
    const isShared = subfeeds.some(({ feedId }) => this.sources.holders.holdingOf(peer.nodeId, feedId) !== 'owner');
    const parts = { feeds: this.parts.feeds, ...this.watching };
    const watch: PeerWatch = new PeerWatch(
      parts,
      { peer, subfeeds, isShared },
      {
        progressed: () => {
          this.sources.troubles.noteSuccess(peer.nodeId);
        },
        failed: (error, subfeed) => {
          this.noteFailure(watch, error, subfeed);
        },
      },
    );
    this.watches.add(watch);
  }

  private stop(watch: PeerWatch): void {
    watch.stop();
    this.forget(watch);
  }

  private forget(watch: PeerWatch): void {
    this.watches.delete(watch);
    const end = watch.ended.finally(() => this.ending.delete(end));
    this.ending.add(end);
  }

  private noteFailure(watch: PeerWatch, error: unknown, subfeed: SubfeedAddress | undefined): void {
    this.forget(watch);
    this.sources.noteFailure(watch.peer, subfeed ?? subjectOf(watch, error), error);
    this.changed();
  }

  /** Asks nodes which of the followed feeds they have, where that is not known; later again, if nobody has one. */
  private inquire(feedIds: readonly FeedId[]): void {
    const { holders } = this.sources;
    const askable = new Map(feedIds.map((id) => [id, new Set(this.sources.connected(id).map(({ nodeId }) => nodeId))]));
    for (const peer of this.sources.connected()) {
      const unknown = feedIds.filter((id) => askable.get(id)?.has(peer.nodeId) === true && holders.holdingOf(peer.nodeId, id) === undefined);
      if (unknown.length === 0 || this.inquiries.has(peer.nodeId)) continue;
      this.inquiries.add(peer.nodeId);
      holders
        .ask(peer, unknown, { signal: this.options.closing })
        .catch((error: unknown) => {
          this.sources.noteFailure(peer, undefined, error);
        })
        .finally(() => {
          this.inquiries.delete(peer.nodeId);
          this.changed();
        });
    }
    const isWithoutSource = this.connected.size > 0 && feedIds.some((id) => this.choose(id).length === 0);
    if (isWithoutSource) this.searchTimer ??= setTimeout(this.searchAgain, this.options.times.absenceMs);
  }

  /** Where not everybody is connected, owners have to be looked for. */
  private seek(feedIds: readonly FeedId[]): void {
    clearTimeout(this.seekTimer);
    const againMs = this.watching.reach.seek(feedIds);
    if (againMs !== undefined) this.seekTimer = setTimeout(this.searchAgain, againMs);
  }

  private readonly searchAgain = (): void => {
    clearTimeout(this.searchTimer);
    this.searchTimer = undefined;
    this.changed();
  };
}

/** What a failure of a whole call is about, if it says so: the other node names the feed, or the subfeed, for which it cannot go on. */
function subjectOf({ subfeeds }: PeerWatch, error: unknown): FeedId | SubfeedAddress | undefined {
  if (!isKacheryError(error, 'feed-not-found') && !isKacheryError(error, 'feed-forked')) return undefined;
  const { feed_id: feedId = '', subfeed_hash: hash = '' } = error.details;
  if (isKacheryError(error, 'feed-not-found')) return isFeedId(feedId) && subfeeds.some((subfeed) => subfeed.feedId === feedId) ? feedId : undefined;
  return subfeeds.find((subfeed) => subfeed.feedId === feedId && subfeed.subfeedHash === (hash as SubfeedHash));
}

function keyOf({ feedId, subfeedHash }: SubfeedAddress): string {
  return feedId + subfeedHash;
}
