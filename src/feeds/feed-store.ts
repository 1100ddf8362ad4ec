import { type FeedId } from '../core/feed-id.js';
import { type SignedHead } from '../core/feed-head.js';
import { type NodeId } from '../core/node-id.js';
import { type Page } from '../core/page.js';
import { type SubfeedAddress, type SubfeedHash, type SubfeedName } from '../core/subfeed.js';
import { type MessageBlock } from './message-block.js';

/** What a node knows of a feed. */
export interface FeedInfo {
  readonly id: FeedId;
  readonly name: string | undefined;
  /** Whether this node has its private key. */
  readonly isWriteable: boolean;
  readonly createdAtMs: number;
}

/** What a node knows of a subfeed. */
export interface SubfeedInfo {
  readonly hash: SubfeedHash;
  /** Canonical JSON; undefined if no more than the hash is known. */
  readonly nameJson: string | undefined;
  readonly length: number;
  /** Of the last message; undefined if there is none, or if it is on another node and was not fetched. */
  readonly appendedAtMs: number | undefined;
  /** Two heads that contradict each other, both signed with the feed's key; none if one history is known. Lists leave them out. */
  readonly fork: readonly SignedHead[];
}

/** Messages to append. */
export interface AppendRequest {
  readonly feedId: FeedId;
  readonly subfeed: SubfeedName;
  readonly messages: readonly Uint8Array[];
  /** The length that the subfeed must have. */
  readonly expectedLength?: number;
  /** Makes that a request that comes again appends nothing. */
  readonly requestId?: string;
  /** The node in whose name they are appended, if the access rules let it; otherwise the feed's owner appends them. */
  readonly submitter?: NodeId;
}

/** Messages that were appended. */
export interface Appended {
  /** Of the first message. */
  readonly position: number;
  readonly timestampMs: number;
}

/** Which messages are read, and how. */
export interface ReadMessagesOptions {
  /** How many at most; all, if it is left out. */
  readonly maxMessages?: number;
  /** How many bytes at most, but one message in any case. */
  readonly maxBytes?: number;
  /** Ends with a signed head, even if more than was asked for has to be read. */
  readonly withProofs: boolean;
  readonly signal: AbortSignal;
}

/** A subfeed that is followed. */
export interface WatchedSubfeed extends SubfeedAddress {
  /** Of the first message that is wanted. */
  readonly position: number;
}

/** The next messages of a followed subfeed. */
export interface WatchedBlocks {
  /** Which of the subfeeds that are followed. */
  readonly index: number;
  readonly blocks: readonly MessageBlock[];
}

/** A node and what it may do with a subfeed. */
export interface AccessRule {
  readonly nodeId: NodeId;
  readonly mayWrite: boolean;
}

/**
 * The feeds of a node. Every operation fails with `feed-not-found` for a feed that this node does not have or that was deleted here, and with `disk-full`,
 * `storage-not-writable` or `content-corrupt` if its database or a key fails. What has succeeded is on disk.
 */
export interface FeedStore {
  /** Makes a feed. Fails with `already-exists` if a feed has the name. */
  create(name?: string): Promise<FeedInfo>;
  /** What is known of a feed. */
  find(id: FeedId): Promise<FeedInfo>;
  /** The feed that has this name. */
  findByName(name: string): Promise<FeedInfo>;
  /** At most `count` feeds behind `after`, ordered by id; fewer if they are large, but one if there is one. */
  list(after: FeedId | undefined, count: number): Promise<Page<FeedInfo>>;
  /** Deletes a feed, for ever. */
  delete(id: FeedId): Promise<void>;
  /** What is known of a subfeed, also of one without messages. */
  findSubfeed(subfeed: SubfeedAddress): Promise<SubfeedInfo>;
  /** At most `count` subfeeds with messages behind `after`, ordered by hash; fewer if they are large, but one if there is one. */
  listSubfeeds(id: FeedId, after: SubfeedHash | undefined, count: number): Promise<Page<SubfeedInfo>>;
  /**
   * Appends messages, all or none. Fails with `feed-not-writeable`, `append-conflict`, `submit-not-allowed`, `feed-forked`, with `too-busy` if too much waits to
   * be written, and with `invalid-argument` if a request id comes again with another number of messages.
   */
  append(request: AppendRequest): Promise<Appended>;
  /** Messages from a position on, up to the length at the beginning, about 256 KiB at a time. Fails with `position-beyond-end` and `feed-forked`. */
  read(subfeed: SubfeedAddress, position: number, options: ReadMessagesOptions): AsyncIterable<readonly MessageBlock[]>;
  /** What subfeeds have from some positions on, then what is appended, until the signal is aborted: of each in order and without gaps. Fails with `feed-forked`. */
  watch(subfeeds: readonly WatchedSubfeed[], signal: AbortSignal): AsyncIterable<WatchedBlocks>;
  /** Who may submit to a subfeed. */
  accessRules(subfeed: SubfeedAddress): Promise<readonly AccessRule[]>;
  /** Says who may. Fails with `feed-not-writeable`. */
  setAccessRules(subfeed: SubfeedAddress, rules: readonly AccessRule[]): Promise<void>;
}
