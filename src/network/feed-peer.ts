import { type FeedId } from '../core/feed-id.js';
import { type Page } from '../core/page.js';
import { type SubfeedAddress, type SubfeedHash, type SubfeedName } from '../core/subfeed.js';
import { type Appended, type WatchedBlocks, type WatchedSubfeed } from '../feeds/feed-store.js';
import { type MessageBlock } from '../feeds/message-block.js';
import { type SubfeedHead } from '../feeds/subfeed-head.js';

/** A feed that another node claims to have. */
export interface RemoteFeed {
  readonly id: FeedId;
  /** Whether it claims to have the private key. */
  readonly isWriteable: boolean;
}

/** Messages to append in this node's name. */
export interface SubmitRequest {
  readonly feedId: FeedId;
  readonly subfeed: SubfeedName;
  readonly messages: readonly Uint8Array[];
  /** Makes that a request that comes again appends nothing: 16 to 64 letters, digits, `-` and `_`. */
  readonly requestId?: string | undefined;
}

/** Stops a request when aborted. */
export interface FeedRequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Which messages are read. */
export interface RemoteReadOptions extends FeedRequestOptions {
  /** How many at most, but no part of an append; all, if it is left out. */
  readonly maxMessages?: number | undefined;
}

/**
 * The feeds of another node that this one is connected with. What comes is bounded and well-formed, but not proven: heads, messages and names are what the node
 * says. Every request fails with `node-unreachable` when the connection breaks or the node is silent for too long, with `content-corrupt` if the answer is
 * malformed, with `not-authorized` if the node does not serve this one any more, and with `too-busy` and `daemon-stopping` as it says.
 */
export interface FeedPeer {
  /** Those of the feeds that the node claims to have, in the order of `ids`. At most limits.maxPeerBatchFeeds ids. */
  findFeeds(ids: readonly FeedId[], options?: FeedRequestOptions): Promise<readonly RemoteFeed[]>;

  /** What the node knows of subfeeds, in their order; of a feed that it does not have nothing. At most limits.maxPeerBatchFeeds subfeeds. */
  heads(subfeeds: readonly SubfeedAddress[], options?: FeedRequestOptions): Promise<readonly SubfeedHead[]>;

  /** A page of the subfeeds of a feed that have messages, ordered by hash. Fails with `feed-not-found`. */
  listHeads(feedId: FeedId, after: SubfeedHash | undefined, options?: FeedRequestOptions): Promise<Page<SubfeedHead>>;

  /**
   * Messages from a position on, with their proofs, up to the length that the subfeed has there when the call begins. Fails with `feed-not-found`,
   * `position-beyond-end` and `feed-forked`.
   */
  readMessages(subfeed: SubfeedAddress, position: number, options?: RemoteReadOptions): AsyncGenerator<readonly MessageBlock[], void, undefined>;

  /**
   * Messages of subfeeds from their positions on, with their proofs, then each soon after it came to the node, until aborted. Silence is no failure. At most
   * limits.maxPeerBatchFeeds subfeeds. Fails as `readMessages`, but a position behind the end waits.
   */
  watchMessages(subfeeds: readonly WatchedSubfeed[], options?: FeedRequestOptions): AsyncGenerator<WatchedBlocks, void, undefined>;

  /** Asks the node, which must be the feed's owner, to append messages in this node's name. Fails with `feed-not-found`, `feed-not-writeable`, `submit-not-allowed`. */
  submit(request: SubmitRequest, options?: FeedRequestOptions): Promise<Appended>;
}
