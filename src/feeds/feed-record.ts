import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';
import { type TransactionView } from '../kv/group-commit.js';
import { feedDatabaseKeys } from './feed-database-keys.js';
import { feedNotFound } from './feed-deletion.js';
import { type FeedInfo } from './feed-store.js';

/** What is kept of a feed. */
export interface FeedRecord {
  readonly name?: string;
  readonly createdAtMs: number;
  /** Whether this node has the private key. */
  readonly isOwned: boolean;
}

/** The record as it is stored. */
export function encodeFeedRecord(record: FeedRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** The stored record of a feed. */
export function decodeFeedRecord(encoded: Buffer): FeedRecord {
  return JSON.parse(encoded.toString()) as FeedRecord;
}

/** What a transaction reads that needs a feed. */
export interface FeedRecordKeys {
  readonly feed: Buffer;
  readonly deletion: Buffer;
}

/** The keys of a feed's record, and of what is kept once it is deleted. */
export function feedRecordKeys(id: FeedId): FeedRecordKeys {
  return { feed: feedDatabaseKeys.feed(id), deletion: feedDatabaseKeys.deletedFeed(id) };
}

/** The record of a feed as a transaction sees it. Fails with `feed-not-found`. */
export function requireRecord(view: TransactionView, id: FeedId, { feed, deletion }: FeedRecordKeys): FeedRecord {
  const encoded = view.get(feed);
  if (encoded) return decodeFeedRecord(encoded);
  throw feedNotFound(id, view.get(deletion));
}

/** Fails with `feed-not-writeable` if this node cannot append to the feed. */
export function requireOwned(id: FeedId, { isOwned }: FeedRecord): void {
  if (isOwned) return;
  throw new KacheryError('feed-not-writeable', `This node does not have the private key of feed://${id}. Append on the node that made the feed.`, {
    feed_id: id,
  });
}

/** What is told of a feed. */
export function feedInfo(id: FeedId, { name, createdAtMs, isOwned }: FeedRecord): FeedInfo {
  return { id, name, createdAtMs, isWriteable: isOwned };
}
