import { type ServerWritableStream } from '@grpc/grpc-js';

import { KacheryError } from '../../core/failure.js';
import { Pause } from './pause.js';

const maxPending = 2;

/** Sends the messages of a stream no faster than the client takes them. */
export class MessageWriter<Message> {
  private pending = 0;
  private readonly pause: Pause;

  /**
   * @param call What to write to; nobody else may write.
   * @param options.signal Of the call.
   * @param options.idleMs How long the client may take nothing while something waits for it.
   * @param options.onSent Hears of each message that was handed to the system, and that nothing here will look at again.
   */
  constructor(
    private readonly call: Pick<ServerWritableStream<unknown, Message>, 'write'>,
    private readonly options: { readonly signal: AbortSignal; readonly idleMs: number; readonly onSent?: (message: Message) => void },
  ) {
    this.pause = new Pause(options, () => clientTakesNothing(options.idleMs));
  }

  /**
   * Sends a message and resolves when there is room for the next one: at most two wait here. Rejects with the reason of the signal once it is aborted, and
   * with `deadline-exceeded` if the client takes nothing for too long.
   */
  async send(message: Message): Promise<void> {
    this.pending++;
    this.call.write(message, (error?: unknown) => {
      this.pending--;
      // Of a message that failed, or whose stream was reset meanwhile, which Node tells as success, parts may still be on their way.
      if (!error && !this.options.signal.aborted) this.options.onSent?.(message);
      this.pause.wake();
    });
    await this.pause.until(() => this.pending < maxPending);
  }

  /** Resolves when everything has been handed to the connection. Rejects as `send`. */
  async flush(): Promise<void> {
    await this.pause.until(() => this.pending === 0);
  }
}

function clientTakesNothing(idleMs: number): KacheryError {
  return new KacheryError('deadline-exceeded', `The client took nothing for ${String(idleMs / 1000)} s, so the daemon gave the call up.`);
}
