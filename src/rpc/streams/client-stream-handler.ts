import { type handleClientStreamingCall } from '@grpc/grpc-js';

import { contextOf, type CallContext } from '../call-context.js';
import { MessageReader } from './message-reader.js';

/**
 * A handler of grpc-js that answers with what `work` resolves with, or with the status of what it rejects with. Either may come before the client has sent
 * everything; what it sends then is thrown away.
 */
export function clientStreamHandler<Request, Response>(
  work: (requests: MessageReader<Request>, context: CallContext) => Promise<Response>,
  options: { readonly idleMs: number; readonly aheadBytes: number; readonly sizeOf: (message: Request) => number },
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    const context = contextOf(call);
    const requests = new MessageReader<Request>(call, { ...options, signal: context.signal });
    work(requests, context).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(context.statusOf(error));
      },
    );
  };
}
