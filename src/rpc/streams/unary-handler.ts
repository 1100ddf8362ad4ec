import { type handleUnaryCall } from '@grpc/grpc-js';

import { contextOf, type CallContext } from '../call-context.js';

/** A handler of grpc-js that answers with what `work` resolves with, or with the status of what it rejects with. */
export function unaryHandler<Request, Response>(work: (request: Request, context: CallContext) => Promise<Response>): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const context = contextOf(call);
    work(call.request, context).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(context.statusOf(error));
      },
    );
  };
}
