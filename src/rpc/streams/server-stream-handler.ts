import { type handleServerStreamingCall, Metadata, type ServerWritableStream } from '@grpc/grpc-js';

import { isKacheryError } from '../../core/failure.js';
import { contextOf, type CallContext } from '../call-context.js';
import { type CallStatus } from '../codec/status-details.js';
import { MessageWriter } from './message-writer.js';

/**
 * A handler of grpc-js that sends what `work` yields, as fast as the client takes it, and ends with the status of what it throws. `work` is asked to return
 * when the call is aborted or its client takes nothing for `idleMs`; while it waits for something itself it has to watch the context's signal. A client of a
 * subscription gets the head of the answer at once, so that it knows before the first news that it will hear of them.
 */
export function serverStreamHandler<Request, Response>(
  work: (request: Request, context: CallContext) => AsyncIterable<Response>,
  options: { readonly idleMs: number; readonly isSubscription?: boolean; readonly onSent?: (message: Response) => void },
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const context = contextOf(call);
    const writer = new MessageWriter<Response>(call, { ...options, signal: context.signal });
    if (options.isSubscription === true) call.sendMetadata(new Metadata());
    void sendAll(call, writer, work(call.request, context), context);
  };
}

async function sendAll<Response>(
  call: ServerWritableStream<unknown, Response>,
  writer: MessageWriter<Response>,
  messages: AsyncIterable<Response>,
  context: CallContext,
): Promise<void> {
  try {
    const failure = await sendUntilFailure(writer, messages, context);
    await writer.flush();
    if (failure === undefined) call.end();
    else call.emit('error', failure);
  } catch (error) {
    if (isKacheryError(error, 'deadline-exceeded') && !context.signal.aborted) context.closeStream(error);
  }
}

/** The status of what `messages` fails with, or undefined. Rejects if the client takes nothing, for then no status would reach it. */
async function sendUntilFailure<Response>(
  writer: MessageWriter<Response>,
  messages: AsyncIterable<Response>,
  context: CallContext,
): Promise<CallStatus | undefined> {
  try {
    for await (const message of messages) await writer.send(message);
    return undefined;
  } catch (error) {
    if (isKacheryError(error, 'deadline-exceeded')) throw error;
    return context.statusOf(error);
  }
}
