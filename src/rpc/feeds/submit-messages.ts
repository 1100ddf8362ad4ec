import { type SubmitMessagesRequest, type SubmitMessagesResponse } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { type NodeId } from '../../core/node-id.js';
import { type FeedStore } from '../../feeds/feed-store.js';
import { appendedMessage } from './append-messages.js';
import { parseAppend } from './parse-append.js';

/** SubmitMessages: appends in the name of this node. */
export function submitMessages(feeds: FeedStore, submitter: NodeId) {
  return async (request: SubmitMessagesRequest): Promise<SubmitMessagesResponse> => appendedMessage(await feeds.append({ ...parseAppend(request), submitter }));
}
