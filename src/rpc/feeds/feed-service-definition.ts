import { type MethodDefinition } from '@grpc/grpc-js';

import { FeedServiceService, type ReadMessagesRequest, type WatchMessagesRequest } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { type EncodedMessages } from './encoded-messages.js';
import { encodedResponses } from './encoded-responses.js';

/** The generated definition of FeedService for a server, whose messages on their way to clients are encoded already. */
export const feedServiceDefinition = {
  ...FeedServiceService,
  readMessages: { ...FeedServiceService.readMessages, ...encodedResponses } satisfies MethodDefinition<ReadMessagesRequest, EncodedMessages>,
  watchMessages: { ...FeedServiceService.watchMessages, ...encodedResponses } satisfies MethodDefinition<WatchMessagesRequest, EncodedMessages>,
};
