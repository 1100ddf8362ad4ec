import { type SignedHead } from '../core/feed-head.js';
import { type FeedId } from '../core/feed-id.js';
import { type Page } from '../core/page.js';
import { type SubfeedAddress, type SubfeedHash } from '../core/subfeed.js';
import { type FeedInfo } from './feed-store.js';
import { type MessageBlock } from './message-block.js';
import { type SubfeedHead } from './subfeed-head.js';

/** Messages as another node sent them: nothing of them is believed. */
export interface ReceivedMessages {
  readonly subfeed: SubfeedAddress;
  /** The subfeed's name as canonical JSON, if the other node tells it. */
  readonly nameJson?: string | undefined;
  /** Without gaps, each with its proof; the last one ends with a signed head. None, if only the name is told. */
  readonly blocks: readonly MessageBlock[];
}

/**
 * The copies that a node keeps of other nodes' feeds. Every operation but `addReplica`, `heads` and `listHeads` fails with `feed-not-found` for a feed that is
 * not here, and all of them fail as the database does. What has succeeded is on disk.
 */
export interface ReplicaStore {
  /** Begins a copy of another node's feed; what is known of it, if it is here already. Fails with `feed-not-found` for a feed that was deleted here. */
  addReplica(id: FeedId): Promise<FeedInfo>;

  /**
   * Verifies messages and adds what is new of them, all or nothing; resolves with the length of the subfeed then. They may begin before its end, but not behind
   * it. Watchers hear of them as of appends. Fails with `content-corrupt` for what the feed's key has not signed, for a gap, and for a name that is not the
   * subfeed's; with `feed-forked` if they are another history than the one that is here, whose proof is kept then; with `too-busy`, and with
   * `feed-not-writeable` for a feed of this node's own, which nobody else writes.
   */
  receive(messages: ReceivedMessages, options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;

  /** What is known of the ends of subfeeds, in their order; of a feed that is not here nothing. */
  heads(subfeeds: readonly SubfeedAddress[]): Promise<readonly SubfeedHead[]>;

  /** At most `count` subfeeds with messages behind `after`, ordered by hash; fewer if they are large, but one if there is one. Fails with `feed-not-found`. */
  listHeads(id: FeedId, after: SubfeedHash | undefined, count: number): Promise<Page<SubfeedHead>>;

  /**
   * Compares a head that another node shows with what is here. If the two contradict each other the proof is kept, the subfeed can neither be read nor written
   * from then on, and this fails with `feed-forked`. Fails with `content-corrupt` for one that contradicts, or is ahead, and is not signed with the feed's key.
   */
  checkHead(head: SignedHead): Promise<void>;

  /**
   * Takes note of two heads that another node shows as the proof of a fork. If they are one, or if one of them contradicts what is here, this fails as
   * `checkHead`; otherwise they prove nothing to this node, and it succeeds.
   */
  checkFork(heads: readonly SignedHead[]): Promise<void>;
}
