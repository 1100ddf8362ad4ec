import { KacheryError } from '../core/failure.js';
import { type SubfeedAddress } from '../core/subfeed.js';

/** What is told of a subfeed that has two histories. */
export function feedForked({ feedId, subfeedHash }: SubfeedAddress): KacheryError {
  return new KacheryError(
    'feed-forked',
    `Two histories of feed://${feedId}/~${subfeedHash} are signed with the feed's key: the key is in use on two nodes, or its node was set back to an old copy. ` +
      "Neither is read or appended to any more. Tell the feed's owner, and begin a new feed.",
    { feed_id: feedId, subfeed_hash: subfeedHash },
  );
}
