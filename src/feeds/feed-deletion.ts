import { KacheryError } from '../core/failure.js';
import { type FeedId } from '../core/feed-id.js';

interface FeedDeletion {
  readonly deletedAtMs: number;
}

/** What is kept for ever of a feed that was deleted. */
export function encodeFeedDeletion(deletedAtMs: number): Buffer {
  return Buffer.from(JSON.stringify({ deletedAtMs } satisfies FeedDeletion));
}

/** The failure of whoever asks for a feed that is not here; `deletion`: what is kept of it, if it was deleted here. */
export function feedNotFound(id: FeedId, deletion: Buffer | undefined): KacheryError {
  if (!deletion) return new KacheryError('feed-not-found', `This node does not have feed://${id}. Check the id.`, { feed_id: id });
  const { deletedAtMs } = JSON.parse(deletion.toString()) as FeedDeletion;
  const deletedAt = new Date(deletedAtMs).toISOString();
  return new KacheryError(
    'feed-not-found',
    `feed://${id} was deleted on this node at ${deletedAt}, with its key and its messages, and does not come back. Begin a new feed.`,
    { feed_id: id, deleted_at: deletedAt },
  );
}
