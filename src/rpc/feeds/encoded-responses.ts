import { type EncodedMessages } from './encoded-messages.js';

/** How a server sends responses that are encoded already. */
export const encodedResponses = { responseSerialize: ({ data }: EncodedMessages): Buffer => data, responseDeserialize: notHere };

function notHere(): never {
  throw new Error('A server reads no responses.');
}
