import { type FeedId } from '../../core/feed-id.js';
import { type Page } from '../../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../../core/subfeed.js';
import { type Appended, type WatchedBlocks, type WatchedSubfeed } from '../../feeds/feed-store.js';
import { type MessageBlock } from '../../feeds/message-block.js';
import { type SubfeedHead } from '../../feeds/subfeed-head.js';
import { type FeedPeer, type FeedRequestOptions, type RemoteFeed, type RemoteReadOptions, type SubmitRequest } from '../feed-peer.js';
import { type Allowance } from './allowance.js';

/** The feeds of another node, whose messages come no faster than they may. */
export class PacedFeeds implements FeedPeer {
  constructor(
    private readonly feeds: FeedPeer,
    private readonly allowance: Allowance,
  ) {}

  findFeeds(ids: readonly FeedId[], options?: FeedRequestOptions): Promise<readonly RemoteFeed[]> {
    return this.feeds.findFeeds(ids, options);
  }

  heads(subfeeds: readonly SubfeedAddress[], options?: FeedRequestOptions): Promise<readonly SubfeedHead[]> {
    return this.feeds.heads(subfeeds, options);
  }

  listHeads(feedId: FeedId, after: SubfeedHash | undefined, options?: FeedRequestOptions): Promise<Page<SubfeedHead>> {
    return this.feeds.listHeads(feedId, after, options);
  }

  readMessages(subfeed: SubfeedAddress, position: number, options: RemoteReadOptions = {}): AsyncGenerator<readonly MessageBlock[], void, undefined> {
    return this.allowance.pace(this.feeds.readMessages(subfeed, position, options), sizeOf, { signal: options.signal });
  }

  watchMessages(subfeeds: readonly WatchedSubfeed[], options: FeedRequestOptions = {}): AsyncGenerator<WatchedBlocks, void, undefined> {
    return this.allowance.pace(this.feeds.watchMessages(subfeeds, options), ({ blocks }) => sizeOf(blocks), { signal: options.signal });
  }

  submit(request: SubmitRequest, options?: FeedRequestOptions): Promise<Appended> {
    return this.feeds.submit(request, options);
  }
}

function sizeOf(blocks: readonly MessageBlock[]): number {
  return blocks.reduce((sizeBytes, { packed }) => sizeBytes + packed.byteLength, 0);
}
