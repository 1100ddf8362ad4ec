import { KacheryError } from '../core/failure.js';

const prefixBytes = 5;

/**
 * Puts the messages of a gRPC stream together from the pieces that the connection brings, each into a buffer of its own as its pieces come. So the pieces
 * can be let go at once, and nothing is joined behind.
 */
export class MessageAssembler {
  private readonly prefix = Buffer.alloc(prefixBytes);
  private prefixFilled = 0;
  private message: Buffer | undefined;
  private messageFilled = 0;

  /** @param maxMessageBytes Size of the largest message that is taken. */
  constructor(private readonly maxMessageBytes: number) {}

  /** Whether the stream may end here. */
  get isBetweenMessages(): boolean {
    return this.prefixFilled === 0;
  }

  /** The messages that `bytes` complete. Fails with `too-large`, and with `not-supported` for a message that is compressed. */
  take(bytes: Buffer): Buffer[] {
    const complete: Buffer[] = [];
    let position = 0;
    while (position < bytes.byteLength) {
      if (!this.message) {
        position += this.takePrefix(bytes, position);
        if (this.prefixFilled < prefixBytes) break;
        this.message = this.beginMessage();
      }
      const count = bytes.copy(this.message, this.messageFilled, position);
      this.messageFilled += count;
      position += count;
      if (this.messageFilled < this.message.byteLength) break;
      complete.push(this.message);
      this.message = undefined;
      this.prefixFilled = 0;
    }
    return complete;
  }

  private takePrefix(bytes: Buffer, position: number): number {
    const count = bytes.copy(this.prefix, this.prefixFilled, position);
    this.prefixFilled += count;
    return count;
  }

  private beginMessage(): Buffer {
    const sizeBytes = this.prefix.readUInt32BE(1);
    if (this.prefix[0] !== 0)
      throw new KacheryError('not-supported', 'The daemon sent a compressed message, which was not asked for. Please report it.', { feature: 'compression' });
    if (sizeBytes > this.maxMessageBytes) {
      const [limit, actual] = [String(this.maxMessageBytes), String(sizeBytes)];
      throw new KacheryError('too-large', `The daemon sent a message of ${actual} bytes, which is over the limit of ${limit}. Please report it.`, {
        limit,
        actual,
      });
    }
    this.messageFilled = 0;
    return Buffer.allocUnsafeSlow(sizeBytes);
  }
}
