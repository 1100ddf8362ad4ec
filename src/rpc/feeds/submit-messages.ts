import { type SubmitMessagesRequest, type SubmitMessagesResponse } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { isKacheryError, KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { type FeedStore } from '../../feeds/feed-store.js';
import { appendedMessage } from './append-messages.js';
import { parseAppend } from './parse-append.js';

/** SubmitMessages: appends in the name of this node. */
export function submitMessages(feeds: FeedStore, submitter: NodeId) {
  return async (request: SubmitMessagesRequest): Promise<SubmitMessagesResponse> => {
    const append = parseAppend(request);
    try {
      return appendedMessage(await feeds.append({ ...append, submitter }));
    } catch (error) {
      throw isOfOthers(error) ? notConnected(append.feedId, error) : error;
    }
  };
}

/** A feed that was deleted here was this node's own. */
function isOfOthers(error: unknown): boolean {
  if (isKacheryError(error, 'feed-not-writeable')) return true;
  return isKacheryError(error, 'feed-not-found') && error.details['deleted_at'] === undefined;
}

function notConnected(feedId: string, cause: unknown): KacheryError {
  return new KacheryError(
    'offline',
    `feed://${feedId} is not a feed of this node, and this node is not connected to others that it could submit to. Check the id, or submit on the owner's node.`,
    { feed_id: feedId },
    { cause },
  );
}
