import { isKacheryError } from '../../core/failure.js';
import { type CallContext } from '../call-context.js';
import { type CallStatus } from '../codec/status-details.js';
import { type MessageWriter } from './message-writer.js';

/** Sends the messages as fast as the client takes them, and ends the call with the status of what they fail with. Never fails. */
export async function sendAll<Response>(
  call: { end(): unknown; emit(event: 'error', failure: CallStatus): unknown },
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
