import { type SubfeedKey } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { KacheryError } from '../../core/failure.js';
import { type FeedId, parseFeedId } from '../../core/feed-id.js';
import { parseSubfeedHash, type SubfeedAddress, subfeedOfNameJson, type SubfeedName } from '../../core/subfeed.js';

/** A subfeed as a client names it. */
export interface NamedSubfeed {
  readonly feedId: FeedId;
  readonly subfeed: SubfeedName;
}

/** The subfeed that a key names. Fails with `invalid-argument` and `invalid-hash`. */
export function parseSubfeed(key: SubfeedKey | undefined): NamedSubfeed {
  if (!key?.subfeed) {
    throw new KacheryError('invalid-argument', 'The request does not say which subfeed: give feed_id, and hash or name_json.', { field: 'subfeed' });
  }
  const { feedId, subfeed } = key;
  return {
    feedId: parseFeedId(feedId),
    subfeed: subfeed.$case === 'hash' ? { hash: parseSubfeedHash(subfeed.value), nameJson: undefined } : subfeedOfNameJson(subfeed.value),
  };
}

/** The address of the subfeed that a key names. Fails as `parseSubfeed`. */
export function parseAddress(key: SubfeedKey | undefined): SubfeedAddress {
  const { feedId, subfeed } = parseSubfeed(key);
  return { feedId, subfeedHash: subfeed.hash };
}
