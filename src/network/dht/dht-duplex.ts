import { type DhtStream } from 'hyperdht';
import { Duplex } from 'node:stream';

/** A stream of hyperdht as one of Node, with backpressure in both directions. Errors do not need a listener. */
export class DhtDuplex extends Duplex {
  private drained: (() => void) | undefined;

  constructor(private readonly stream: DhtStream) {
    super({ allowHalfOpen: false });
    this.on('error', () => undefined);
    stream.on('data', (data: Buffer) => {
      if (!this.push(data)) stream.pause();
    });
    stream.on('end', () => this.push(null));
    stream.on('drain', () => {
      const { drained } = this;
      this.drained = undefined;
      drained?.();
    });
    stream.on('error', (error: Error) => this.destroy(error));
    stream.on('close', () => this.destroy());
    stream.pause();
  }

  /** For Node. */
  override _read(): void {
    this.stream.resume();
  }

  /** For Node. */
  override _write(data: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.stream.write(data)) callback();
    else this.drained = callback;
  }

  /** For Node. */
  override _final(callback: () => void): void {
    this.stream.end();
    callback();
  }

  /** For Node. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.stream.destroy();
    callback(error);
  }
}
