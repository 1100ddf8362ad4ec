import { type ServerReadableStream } from '@grpc/grpc-js';

import { KacheryError } from '../../core/failure.js';
import { Pause } from './pause.js';

/** Takes the messages of a stream one by one, and lets the client send no more than a little ahead. */
export class MessageReader<Message> {
  private readonly queue: Message[] = [];
  private queuedBytes = 0;
  private hasEnded = false;
  /** Asks grpc-js for the next message; undefined while it is at that. */
  private requestNext: (() => void) | undefined;
  private readonly pause: Pause;

  /**
   * @param call What to read; nobody else may read it.
   * @param options.signal Of the call.
   * @param options.idleMs How long the client may send nothing while something waits for it.
   * @param options.aheadBytes No more is asked for while so much waits here. A stream in object mode would count messages, of whatever size.
   * @param options.sizeOf Bytes of a message.
   */
  constructor(
    call: ServerReadableStream<Message, unknown>,
    private readonly options: {
      readonly signal: AbortSignal;
      readonly idleMs: number;
      readonly aheadBytes: number;
      readonly sizeOf: (message: Message) => number;
    },
  ) {
    this.pause = new Pause(options, () => clientSendsNothing(options.idleMs));
    const startRead = call._read.bind(call);
    call._read = (size) => {
      this.requestNext = () => {
        startRead(size);
      };
      this.requestMore();
    };
    call.on('data', (message: Message) => {
      this.queue.push(message);
      this.queuedBytes += options.sizeOf(message);
      this.pause.wake();
    });
    call.on('end', () => {
      this.hasEnded = true;
      this.pause.wake();
    });
  }

  /**
   * The next message, or undefined behind the last. Rejects with the reason of the signal once it is aborted, and with `deadline-exceeded` if the client sends
   * nothing for too long.
   */
  async next(): Promise<Message | undefined> {
    await this.pause.until(() => this.queue.length > 0 || this.hasEnded);
    const message = this.queue.shift();
    if (message === undefined) return undefined;
    this.queuedBytes -= this.options.sizeOf(message);
    this.requestMore();
    return message;
  }

  private requestMore(): void {
    if (this.queuedBytes >= this.options.aheadBytes) return;
    const request = this.requestNext;
    this.requestNext = undefined;
    request?.();
  }
}

function clientSendsNothing(idleMs: number): KacheryError {
  return new KacheryError('deadline-exceeded', `The client sent nothing for ${String(idleMs / 1000)} s, so the daemon gave the call up.`);
}
