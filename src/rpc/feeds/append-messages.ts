import { type AppendMessagesRequest, type AppendMessagesResponse } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { type Appended, type FeedStore } from '../../feeds/feed-store.js';
import { timestamp } from '../timestamp.js';
import { parseAppend } from './parse-append.js';

/** AppendMessages: appends to a feed of this node. */
export async function appendMessages(feeds: FeedStore, request: AppendMessagesRequest): Promise<AppendMessagesResponse> {
  return appendedMessage(await feeds.append(parseAppend(request)));
}

/** Messages that were appended, as clients are told. */
export function appendedMessage({ position, timestampMs }: Appended): AppendMessagesResponse {
  return { position: BigInt(position), appendedAt: timestamp(timestampMs) };
}
