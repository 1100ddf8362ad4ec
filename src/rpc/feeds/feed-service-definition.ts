import { type MethodDefinition } from '@grpc/grpc-js';

import { FeedServiceService, type ReadMessagesRequest, type WatchMessagesRequest } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { type EncodedMessages } from './encoded-messages.js';

const encoded = { responseSerialize: ({ data }: EncodedMessages): Buffer => data, responseDeserialize: notHere };

/** The generated definition of FeedService for a server, whose messages on their way to clients are encoded already. */
export const feedServiceDefinition = {
  ...FeedServiceService,
  readMessages: { ...FeedServiceService.readMessages, ...encoded } satisfies MethodDefinition<ReadMessagesRequest, EncodedMessages>,
  watchMessages: { ...FeedServiceService.watchMessages, ...encoded } satisfies MethodDefinition<WatchMessagesRequest, EncodedMessages>,
};

function notHere(): never {
  throw new Error('A server reads no responses.');
}
