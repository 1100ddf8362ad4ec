import { type SubfeedId, type SubmitMessagesRequest } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { KacheryError } from '../../core/failure.js';
import { parseFeedId } from '../../core/feed-id.js';
import { parseSubfeedHash, type SubfeedAddress } from '../../core/subfeed.js';
import { type AppendRequest } from '../../feeds/feed-store.js';
import { parseAppend } from '../feeds/parse-append.js';

/** The subfeed that another node names. Fails with `invalid-argument` and `invalid-hash`. */
export function parsePeerSubfeed(subfeed: SubfeedId | undefined): SubfeedAddress {
  if (!subfeed) throw new KacheryError('invalid-argument', 'The request does not say which subfeed.', { field: 'subfeed' });
  return { feedId: parseFeedId(subfeed.feedId), subfeedHash: parseSubfeedHash(subfeed.subfeedHash) };
}

/** What another node asks to append. Fails with `invalid-argument`, `invalid-hash` and `too-large`. */
export function parsePeerSubmission({ feedId, subfeed, messages, requestId }: SubmitMessagesRequest): AppendRequest {
  const named = subfeed?.$case === 'subfeedHash' ? { $case: 'hash' as const, value: subfeed.value } : subfeed;
  return parseAppend({ subfeed: { feedId, subfeed: named }, messages, requestId });
}
