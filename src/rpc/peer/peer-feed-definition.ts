import { type MethodDefinition } from '@grpc/grpc-js';

import { PeerServiceService, type ReadMessagesRequest, type WatchMessagesRequest } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type EncodedMessages } from '../feeds/encoded-messages.js';
import { encodedResponses } from '../feeds/encoded-responses.js';

/** Those methods of PeerService, for a server, whose messages on their way to other nodes are encoded already. */
export const peerFeedDefinition = {
  readMessages: { ...PeerServiceService.readMessages, ...encodedResponses } satisfies MethodDefinition<ReadMessagesRequest, EncodedMessages>,
  watchMessages: { ...PeerServiceService.watchMessages, ...encodedResponses } satisfies MethodDefinition<WatchMessagesRequest, EncodedMessages>,
};
