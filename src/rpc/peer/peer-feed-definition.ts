import { type MethodDefinition } from '@grpc/grpc-js';

import { PeerServiceService, type ReadMessagesRequest, type WatchMessagesRequest } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type EncodedMessages } from '../feeds/encoded-messages.js';

const encoded = { responseSerialize: ({ data }: EncodedMessages): Buffer => data, responseDeserialize: notHere };

/** Those methods of PeerService, for a server, whose messages on their way to other nodes are encoded already. */
export const peerFeedDefinition = {
  readMessages: { ...PeerServiceService.readMessages, ...encoded } satisfies MethodDefinition<ReadMessagesRequest, EncodedMessages>,
  watchMessages: { ...PeerServiceService.watchMessages, ...encoded } satisfies MethodDefinition<WatchMessagesRequest, EncodedMessages>,
};

function notHere(): never {
  throw new Error('A server reads no responses.');
}
