import { type FeedId } from '../../core/feed-id.js';

/** What the owner of a feed announces beside the feed. */
export type OwnerRecordId = string & { readonly __brand: 'OwnerRecordId' };

/** Under this the owner of a feed is found, however many have copies: of those the index names only the last few that announced them. */
export function ownerRecordId(id: FeedId): OwnerRecordId {
  return `${id}/owner` as OwnerRecordId;
}
