import { KacheryError } from '../../core/failure.js';
import { formatFeedUri } from '../../core/feed-uri.js';
import { limits } from '../../core/limits.js';
import { type Page } from '../../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../../core/subfeed.js';
import { type SubfeedInfo } from '../../feeds/feed-store.js';
import { type Slots } from '../../network/link/slots.js';
import { type FeedReplication } from '../feeds/feed-replication.js';
import { type ReplicationParts } from '../feeds/replication-parts.js';
import { type MirrorAmount } from './mirror-facts.js';
import { type MirrorTarget } from './mirror-target.js';
import { type MirrorTimes } from './mirror-times.js';
import { type MirrorOutcome, type MirrorWork } from './mirror-work.js';
import { noAmount } from './no-amount.js';

/** What feeds are kept with. */
export interface FeedMirrorParts {
  /** The feeds of this node itself. */
  readonly feeds: Pick<ReplicationParts['feeds'], 'heads' | 'listSubfeeds'>;
  readonly replication: Pick<FeedReplication, 'locate' | 'follow' | 'findSubfeed' | 'listSubfeeds' | 'hasSource'>;
  /** How many feeds are looked at at a time, of all mirrors. */
  readonly slots: Slots;
  /** How many feeds are mirrored. */
  readonly countFeeds: () => number;
}

/** The subfeeds that are mirrored, with how long they are. */
interface Listed {
  readonly lengths: ReadonlyMap<SubfeedHash, number>;
  /** Whether the feed has more of them. */
  readonly isCut: boolean;
}

/** Follows a feed with all its subfeeds, also new ones, or one of them, so that all its messages are here. */
export class FeedMirror implements MirrorWork {
  amount: MirrorAmount = noAmount;
  isFetching = false;
  private readonly followed = new Set<SubfeedHash>();
  private readonly unfollows: (() => void)[] = [];

  constructor(
    private readonly target: MirrorTarget & { readonly kind: 'feed' },
    private readonly parts: FeedMirrorParts,
    private readonly times: MirrorTimes,
  ) {}

  /** Nothing comes from who is lost: after a failure it waits. */
  async bring(signal: AbortSignal): Promise<MirrorOutcome> {
    try {
      return await this.parts.slots.use(() => this.look(signal));
    } catch (error) {
      this.isFetching = false;
      throw error;
    }
  }

  close(): void {
    for (const unfollow of this.unfollows.splice(0)) unfollow();
    this.followed.clear();
  }

  private async look(signal: AbortSignal): Promise<MirrorOutcome> {
    signal.throwIfAborted();
    const { feedId, uri } = this.target;
    const { isWriteable } = await this.parts.replication.locate(feedId, { signal });
    // What this node writes itself is here.
    if (isWriteable) return { isComplete: true, againMs: this.times.checkMs };
    const { lengths, isCut } = await this.lengths(signal);
    signal.throwIfAborted();
    this.follow([...lengths.keys()].filter((hash) => !this.followed.has(hash)));
    const { loadedMessages, messages, areForked } = await this.compare(lengths);
    // What was proven once exists, also when nobody is connected who has it.
    const provenMessages = Math.max(messages, this.amount.messages);
    this.amount = { ...noAmount, subfeeds: lengths.size, loadedMessages, messages: provenMessages };
    if (areForked) throw this.forked();
    if (!this.parts.replication.hasSource(feedId) || (loadedMessages >= messages && loadedMessages < provenMessages)) throw this.noSource();
    if (isCut) throw tooMany(uri);
    this.isFetching = loadedMessages < messages;
    return { isComplete: !this.isFetching, againMs: this.isFetching ? this.times.behindMs : this.listPauseMs(lengths.size) };
  }

  private listPauseMs(subfeeds: number): number {
    const { listMs, listMsPerSubfeed, listMsPerFeed, maxListMs } = this.times;
    return Math.min(maxListMs, listMs + subfeeds * listMsPerSubfeed + this.parts.countFeeds() * listMsPerFeed);
  }

  private follow(hashes: readonly SubfeedHash[]): void {
    if (hashes.length === 0) return;
    this.unfollows.push(this.parts.replication.follow(hashes.map((hash) => this.addressOf(hash))));
    for (const hash of hashes) this.followed.add(hash);
  }

  /** How long each subfeed is, here or on connected nodes; of those that are too many, first the ones that were followed before or are here. */
  private async lengths(signal: AbortSignal): Promise<Listed> {
    const { feedId, subfeed } = this.target;
    const { feeds, replication } = this.parts;
    const count = limits.maxPeerBatchFeeds;
    if (subfeed) {
      const { length } = await replication.findSubfeed(this.addressOf(subfeed.hash), { signal });
      return { lengths: new Map([[subfeed.hash, length]]), isCut: false };
    }
    const lengths = new Map([...this.followed].map((hash) => [hash, 0]));
    await addListed(lengths, (after) => feeds.listSubfeeds(feedId, after, count));
    const isCut = await addListed(lengths, (after) => replication.listSubfeeds(feedId, after, { count, signal }));
    return { lengths, isCut };
  }

  private async compare(lengths: ReadonlyMap<SubfeedHash, number>): Promise<{ loadedMessages: number; messages: number; areForked: boolean }> {
    const sum = { loadedMessages: 0, messages: 0, areForked: false };
    const hashes = [...lengths.keys()];
    for (let start = 0; start < hashes.length; start += limits.maxPeerBatchFeeds) {
      const part = hashes.slice(start, start + limits.maxPeerBatchFeeds);
      for (const { subfeed, head, fork } of await this.parts.feeds.heads(part.map((hash) => this.addressOf(hash)))) {
        const loaded = head?.length ?? 0;
        sum.loadedMessages += loaded;
        sum.messages += Math.max(loaded, lengths.get(subfeed.subfeedHash) ?? 0);
        if (fork.length > 0) sum.areForked = true;
      }
    }
    return sum;
  }

  private addressOf(subfeedHash: SubfeedInfo['hash']): SubfeedAddress {
    return { feedId: this.target.feedId, subfeedHash };
  }

  private noSource(): KacheryError {
    const { feedId, uri } = this.target;
    const missing = this.parts.replication.hasSource(feedId) ? `all of ${uri}` : uri;
    return new KacheryError('node-unreachable', `No connected node has ${missing} now. What is here is kept, and the rest comes when one is connected.`, {
      feed_id: feedId,
    });
  }

  private forked(): KacheryError {
    const { feedId } = this.target;
    return new KacheryError(
      'feed-forked',
      `The key of ${formatFeedUri({ feedId })} signed two histories of a subfeed, so what is behind the fork is not copied.`,
      {
        feed_id: feedId,
      },
    );
  }
}

/** Adds as many as there is room for; resolves with whether there are more. */
async function addListed(lengths: Map<SubfeedHash, number>, pageBehind: (after: SubfeedHash | undefined) => Promise<Page<SubfeedInfo>>): Promise<boolean> {
  let [isCut, listed] = [false, 0];
  let after: SubfeedHash | undefined;
  for (let hasMore = true; hasMore;) {
    const page = await pageBehind(after);
    for (const { hash, length } of page.items) {
      if (lengths.has(hash) || lengths.size < limits.maxMirroredSubfeeds) lengths.set(hash, length);
      else isCut = true;
    }
    listed += page.items.length;
    after = page.items.at(-1)?.hash;
    hasMore = page.hasMore && after !== undefined && listed <= limits.maxMirroredSubfeeds;
  }
  return isCut;
}

function tooMany(uri: string): KacheryError {
  const limit = String(limits.maxMirroredSubfeeds);
  return new KacheryError(
    'too-large',
    `${uri} has more than ${limit} subfeeds, and no more than so many of them are mirrored. Mirror those that matter, one by one.`,
    { limit },
  );
}
