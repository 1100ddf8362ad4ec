import { type ClientWritableStream } from '@grpc/grpc-js';

import { orAborted } from '../core/or-aborted.js';
import { type CallGuard } from './call-guard.js';

/** Messages that may wait for the connection at a time. */
const maxPending = 3;

/**
 * Sends all requests of a call, no faster than the connection takes them, and then ends the sending side. Stops asking for requests once the call has ended,
 * which `ended` tells by aborting. Fails with what `requests` fails with.
 */
export async function writeAll<Request>(
  call: ClientWritableStream<Request>,
  requests: AsyncIterable<Request>,
  guard: CallGuard,
  ended: AbortSignal,
): Promise<void> {
  const source = requests[Symbol.asyncIterator]();
  const sender = new Sender(call, ended);
  let isSourceOver = false;
  try {
    while (!ended.aborted) {
      guard.waiting = false;
      const next = await orAborted(source.next(), ended);
      isSourceOver = next.done ?? false;
      if (next.done) break;
      guard.waiting = true;
      guard.restart();
      await sender.send(next.value);
    }
  } catch (error) {
    isSourceOver = !ended.aborted;
    if (isSourceOver) throw error;
  } finally {
    guard.waiting = true;
    guard.restart();
    // A source that is busy with its next request may take for ever to hear this, so nobody waits for it.
    if (!isSourceOver) source.return?.().catch(() => undefined);
  }
  if (!ended.aborted) call.end();
}

/** The sending side of a call. */
class Sender<Request> {
  private pending = 0;
  private resume: (() => void) | undefined;

  constructor(
    private readonly call: ClientWritableStream<Request>,
    private readonly ended: AbortSignal,
  ) {
    ended.addEventListener('abort', () => this.resume?.(), { once: true });
  }

  /** Resolves when there is room for the next request, or when the call has ended. */
  async send(request: Request): Promise<void> {
    this.pending += 1;
    this.call.write(request, () => {
      this.pending -= 1;
      this.resume?.();
    });
    while (this.pending >= maxPending && !this.ended.aborted) {
      await new Promise<void>((resolve) => {
        this.resume = resolve;
      });
    }
  }
}
