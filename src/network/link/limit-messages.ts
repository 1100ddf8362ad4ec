import { type ServerInterceptingCallInterface } from '@grpc/grpc-js';

/**
 * Bounds the messages that a call takes, in bytes. grpc-js has one limit for all methods of a server, so this reaches into private fields of version 1.14, for a
 * message as it comes and as it is when it was compressed; where they are not as expected, the server's limit stays. The call has to be as the server's first
 * interceptor gets it.
 */
export function limitMessages(call: ServerInterceptingCallInterface, maxBytes: number): void {
  const decoder: unknown = Reflect.get(call, 'decoder');
  if (typeof decoder === 'object' && decoder !== null && 'maxReadMessageLength' in decoder) decoder.maxReadMessageLength = maxBytes;
  if ('maxReceiveMessageSize' in call) call.maxReceiveMessageSize = maxBytes;
}
