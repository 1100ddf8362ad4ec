import { setMaxListeners } from 'node:events';

import { KacheryError } from '../../core/failure.js';
import { type FeedId } from '../../core/feed-id.js';
import { type Page } from '../../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../../core/subfeed.js';
import { type Appended, type FeedInfo, type SubfeedInfo } from '../../feeds/feed-store.js';
import { type SubmitRequest } from '../../network/feed-peer.js';
import { CatchUp } from './catch-up.js';
import { FeedFollower } from './feed-follower.js';
import { FeedLocator } from './feed-locator.js';
import { FeedReach } from './feed-reach.js';
import { FeedSources } from './feed-sources.js';
import { FeedSubmitter } from './feed-submitter.js';
import { MessageFetcher } from './fetch-messages.js';
import { HeadSurvey } from './head-survey.js';
import { type ReplicationParts, type ReplicationTimes, replicationTimes } from './replication-parts.js';
import { SubfeedListing } from './subfeed-listing.js';

/** Stops a request when aborted. */
export interface ReplicationOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Brings feeds of other nodes here. Nothing of it is for feeds of this node's own, but for `locate`. Must be closed. */
export class FeedReplication {
  private readonly closing = new AbortController();
  private readonly locator: FeedLocator;
  private readonly reach: FeedReach;
  private readonly survey: HeadSurvey;
  private readonly catchUps: CatchUp;
  private readonly follower: FeedFollower;
  private readonly submitter: FeedSubmitter;
  private readonly listing: SubfeedListing;
  private readonly sources: FeedSources;

  constructor(
    private readonly parts: ReplicationParts,
    times: ReplicationTimes = replicationTimes,
  ) {
    this.sources = new FeedSources(parts, times, () => {
      this.follower.changed();
    });
    // All that is under way hears of it.
    setMaxListeners(0, this.closing.signal);
    const onSearched = (): void => {
      this.follower.changed();
    };
    this.reach = new FeedReach(parts, this.sources, { times, closing: this.closing.signal, onSearched });
    this.locator = new FeedLocator(parts, this.sources, this.closing.signal);
    this.survey = new HeadSurvey(parts, this.sources, times);
    this.catchUps = new CatchUp(this.survey, new MessageFetcher(parts, this.sources));
    this.submitter = new FeedSubmitter(parts, this.locator, this.sources);
    this.listing = new SubfeedListing(parts, this.sources, times);
    this.follower = new FeedFollower(
      parts,
      this.sources,
      { survey: this.survey, catchUp: this.catchUps, reach: this.reach },
      { times, closing: this.closing.signal },
    );
  }

  /** The feed, here: a copy is begun if a connected node has it. Fails with `feed-not-found` and `node-unreachable`; see FeedLocator. */
  locate(id: FeedId, options: ReplicationOptions = {}): Promise<FeedInfo> {
    return this.locator.locate(id, { signal: this.signalOf(options) });
  }

  /**
   * Resolves when everything is here that connected nodes had when this was called, or as many messages as are wanted. With nobody to ask, what is here is all.
   * Fails with `feed-forked`, and with `node-unreachable` or `sources-failed` if there is more, and nobody gave it.
   */
  async catchUp(subfeed: SubfeedAddress, options: ReplicationOptions & { readonly wantedLength?: number | undefined } = {}): Promise<void> {
    const signal = this.signalOf(options);
    await this.reach.prepare(subfeed.feedId, { signal });
    await this.catchUps.run(subfeed, { signal, wantedLength: options.wantedLength });
  }

  /** Keeps subfeeds of feeds that were located up to date, until the function that it returns is called. */
  follow(subfeeds: readonly SubfeedAddress[]): () => void {
    return this.follower.follow(subfeeds);
  }

  /** What is known of a subfeed here, and how long it is as connected nodes prove; nothing is fetched. Fails with `feed-not-found`. */
  async findSubfeed(subfeed: SubfeedAddress, options: ReplicationOptions = {}): Promise<SubfeedInfo> {
    const signal = this.signalOf(options);
    await this.reach.prepare(subfeed.feedId, { signal });
    const { sources } = await this.survey.ask(subfeed, signal).catch((error: unknown) => this.onlyHere(error));
    const own = await this.parts.feeds.findSubfeed(subfeed);
    const length = Math.max(own.length, ...sources.map(({ head }) => head?.length ?? 0));
    const nameJson = own.nameJson ?? sources.find((source) => source.nameJson !== undefined)?.nameJson;
    return { ...own, nameJson, length, appendedAtMs: length > own.length ? undefined : own.appendedAtMs };
  }

  /** A page of the subfeeds that are here, and of those that connected nodes prove. Fails with `feed-not-found`. */
  async listSubfeeds(id: FeedId, after: SubfeedHash | undefined, options: ReplicationOptions & { readonly count: number }): Promise<Page<SubfeedInfo>> {
    const signal = this.signalOf(options);
    await this.reach.prepare(id, { signal });
    return this.listing.list(id, after, { count: options.count, signal });
  }

  /** Whether a node is connected that is known to have the feed, or a copy of it. */
  hasSource(id: FeedId): boolean {
    return this.sources.connected(id).some(({ nodeId }) => this.sources.holders.isHolder(nodeId, id));
  }

  /** Asks the owner of a feed to append messages in this node's name, once. Fails with `node-unreachable` if it cannot be reached, and as it does; see FeedSubmitter. */
  submit(request: SubmitRequest, options: ReplicationOptions = {}): Promise<Appended> {
    return this.submitter.submit(request, { signal: this.signalOf(options) });
  }

  /** Ends everything; resolves when nothing of it works any more. May be called again. */
  async close(): Promise<void> {
    this.closing.abort(new KacheryError('daemon-stopping', 'The daemon is stopping. Try again when it runs.'));
    await this.follower.close();
    this.sources.troubles.close();
  }

  private onlyHere(error: unknown): { readonly sources: readonly [] } {
    if (error instanceof KacheryError && error.reason === 'feed-forked') return { sources: [] };
    throw error;
  }

  private signalOf({ signal }: ReplicationOptions): AbortSignal {
    return signal ? AbortSignal.any([signal, this.closing.signal]) : this.closing.signal;
  }
}
