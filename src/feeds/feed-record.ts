import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';
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

/** The stored record of a feed. Fails with `feed-not-found` if there is none. */
export function decodeFeedRecord(id: FeedId, encoded: Buffer | undefined): FeedRecord {
  if (!encoded) throw feedNotFound(id);
  return JSON.parse(encoded.toString()) as FeedRecord;
}

/** The stored record of a feed that this node can append to. Fails with `feed-not-found` and `feed-not-writeable`. */
export function decodeOwnedFeed(id: FeedId, encoded: Buffer | undefined): FeedRecord {
  const record = decodeFeedRecord(id, encoded);
  if (record.isOwned) return record;
  throw new KacheryError('feed-not-writeable', `This node does not have the private key of feed://${id}. Append on the node that made the feed.`, {
    feed_id: id,
  });
}

/** What is told of a feed. */
export function feedInfo(id: FeedId, { name, createdAtMs, isOwned }: FeedRecord): FeedInfo {
  return { id, name, createdAtMs, isWriteable: isOwned };
}

/** The failure of whoever asks for a feed that is not here. */
export function feedNotFound(id: FeedId): KacheryError {
  return new KacheryError('feed-not-found', `This node does not have feed://${id}, or it was deleted here. Check the id.`, { feed_id: id });
}
