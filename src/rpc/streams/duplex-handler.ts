import { type handleBidiStreamingCall } from '@grpc/grpc-js';

import { contextOf, type CallContext } from '../call-context.js';
import { MessageReader } from './message-reader.js';
import { MessageWriter } from './message-writer.js';
import { sendAll } from './send-all.js';

/**
 * A handler of grpc-js that sends what `work` yields, as fast as the client takes it, and ends with the status of what it throws. What the client sends after
 * that is thrown away.
 */
export function duplexHandler<Request, Response>(
  work: (requests: MessageReader<Request>, context: CallContext) => AsyncIterable<Response>,
  options: { readonly idleMs: number; readonly aheadBytes: number; readonly sizeOf: (message: Request) => number },
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const context = contextOf(call);
    const requests = new MessageReader<Request>(call, { ...options, signal: context.signal });
    const writer = new MessageWriter<Response>(call, { ...options, signal: context.signal });
    void sendAll(call, writer, work(requests, context), context);
  };
}
