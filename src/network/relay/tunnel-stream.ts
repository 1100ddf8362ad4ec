import { Duplex } from 'node:stream';

import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';

/** A message in a tunnel; the first in each direction has no data. */
export interface TunnelMessage {
  readonly data: Buffer;
}

/** A call of grpc-js in which messages go both ways, at either end. */
export interface TunnelCall extends Pick<NodeJS.EventEmitter, 'on'> {
  _read(sizeBytes: number): void;
  write(message: unknown, callback?: (error?: Error | null) => void): unknown;
  end(): unknown;
}

/** How a tunnel writes to its call, and ends it. */
export interface TunnelCallOptions<Outgoing> {
  /** The message that carries these bytes. */
  readonly messageOf: (data: Buffer) => Outgoing;
  /** Ends the call before its time; without an error if nobody needs it any more. */
  readonly giveUp: (error: Error | null) => void;
}

/**
 * The bytes that go through a call in both directions, as a stream. No more than one message is asked for at a time, and it is asked for when the reader wants
 * bytes, so that what waits here is bounded. An end in one direction is the end of both. Errors do not need a listener.
 */
export class TunnelStream<Incoming extends TunnelMessage, Outgoing> extends Duplex {
  /** The first message; rejects with what the call ended with if none came. */
  readonly first: Promise<Incoming>;
  private settleFirst: { readonly resolve: (message: Incoming) => void; readonly reject: (error: Error) => void } | undefined;
  /** Asks grpc-js for the next message; undefined while it is at that. */
  private requestNext: (() => void) | undefined;
  private isWanted = true;

  /** @param call Nobody else may read it or write to it. */
  constructor(
    private readonly call: TunnelCall,
    private readonly options: TunnelCallOptions<Outgoing>,
  ) {
    super({ allowHalfOpen: false, highWaterMark: limits.maxTunnelMessageBytes });
    this.on('error', () => undefined);
    this.first = new Promise<Incoming>((resolve, reject) => {
      this.settleFirst = { resolve, reject };
    });
    this.first.catch(() => undefined);
    this.listen();
  }

  /** Sends the first message. */
  greet(message: Outgoing): void {
    this.call.write(message);
  }

  /** For Node. */
  override _read(): void {
    if (this.settleFirst) return;
    this.isWanted = true;
    this.request();
  }

  /** For Node. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.send(chunk, callback);
  }

  /** For Node. */
  override _final(callback: (error?: Error | null) => void): void {
    this.call.end();
    callback();
  }

  /** For Node. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.settleFirst?.reject(error ?? hungUp());
    this.settleFirst = undefined;
    this.options.giveUp(error);
    callback(error);
  }

  private listen(): void {
    const { call } = this;
    const startRead = call._read.bind(call);
    call._read = (size) => {
      this.requestNext = () => {
        startRead(size);
      };
      this.request();
    };
    call.on('data', (message: Incoming) => {
      this.receive(message);
    });
    call.on('end', () => {
      this.settleFirst?.reject(hungUp());
      this.push(null);
    });
    call.on('error', (error: Error) => {
      this.destroy(error);
    });
    call.on('close', () => {
      if (!this.readableEnded) this.destroy(hungUp());
    });
  }

  private request(): void {
    const { requestNext } = this;
    if (!this.isWanted || !requestNext) return;
    this.isWanted = false;
    this.requestNext = undefined;
    requestNext();
  }

  private receive(message: Incoming): void {
    if (this.settleFirst) {
      this.settleFirst.resolve(message);
      this.settleFirst = undefined;
      this._read();
    } else if (message.data.byteLength > limits.maxTunnelMessageBytes) this.destroy(tooLarge());
    else if (message.data.byteLength === 0) this._read();
    else this.push(message.data);
  }

  private send(data: Buffer, callback: (error?: Error | null) => void): void {
    const rest = data.subarray(limits.maxTunnelMessageBytes);
    this.call.write(this.options.messageOf(data.subarray(0, limits.maxTunnelMessageBytes)), (error) => {
      if (error || rest.byteLength === 0) callback(error);
      else this.send(rest, callback);
    });
  }
}

function hungUp(): KacheryError {
  return new KacheryError('node-unreachable', 'The other end of the tunnel hung up.');
}

function tooLarge(): KacheryError {
  const limit = String(limits.maxTunnelMessageBytes);
  return new KacheryError('too-large', `A message of a tunnel has at most ${limit} bytes.`, { limit });
}
