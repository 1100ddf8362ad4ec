import { type ServerInterceptingCallInterface } from '@grpc/grpc-js';

import { type ReadBuffers } from '../../storage/read-buffers.js';
import { frameHeadroomBytes } from './frame-in-place.js';

interface DecodingCall {
  decoder: { readonly maxReadMessageLength: number; write: (data: Buffer) => Buffer[] };
}

/**
 * Lets a call copy what comes from the network into its message at once. grpc-js 1.14 keeps all buffers of a message, of 64 KiB each, until it is whole, in a
 * private object that this replaces: with many large messages on their way they cost more memory than the messages. Another version that has it elsewhere
 * goes on keeping them. Call it before the call has received anything.
 */
export function assembleInPlace(call: ServerInterceptingCallInterface, buffers: ReadBuffers): void {
  const decoding: unknown = call;
  if (isDecodingCall(decoding)) decoding.decoder = new MessageAssembler(decoding.decoder.maxReadMessageLength, buffers);
}

/** Cuts what comes from the network into messages, each with its frame before it, as the decoder of grpc-js does. */
export class MessageAssembler {
  private readonly frame = Buffer.alloc(frameHeadroomBytes);
  private frameBytes = 0;
  private message: Buffer | undefined;
  private filledBytes = 0;

  /**
   * @param maxReadMessageLength Bytes of a message without its frame; -1 for no bound.
   * @param buffers What messages are copied into.
   */
  constructor(
    readonly maxReadMessageLength: number,
    private readonly buffers: ReadBuffers,
  ) {}

  /** Takes the next bytes and gives the messages that they complete. Throws if one is announced that is too large. */
  write(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let position = 0;
    while (position < data.byteLength) {
      position += this.message ? this.fill(this.message, data, position) : this.fillFrame(data, position);
      if (!this.message || this.filledBytes < this.message.byteLength) continue;
      messages.push(this.message);
      this.message = undefined;
    }
    return messages;
  }

  private fillFrame(data: Buffer, position: number): number {
    const count = data.copy(this.frame, this.frameBytes, position);
    this.frameBytes += count;
    if (this.frameBytes === frameHeadroomBytes) this.begin();
    return count;
  }

  private begin(): void {
    const sizeBytes = this.frame.readUInt32BE(1);
    if (this.maxReadMessageLength !== -1 && sizeBytes > this.maxReadMessageLength) {
      throw new Error(`Received message larger than max (${String(sizeBytes)} vs ${String(this.maxReadMessageLength)})`);
    }
    this.message = this.buffers.acquire(frameHeadroomBytes + sizeBytes).subarray(0, frameHeadroomBytes + sizeBytes);
    this.filledBytes = this.frame.copy(this.message);
    this.frameBytes = 0;
  }

  private fill(message: Buffer, data: Buffer, position: number): number {
    const count = data.copy(message, this.filledBytes, position);
    this.filledBytes += count;
    return count;
  }
}

function isDecodingCall(call: unknown): call is DecodingCall {
  if (typeof call !== 'object' || call === null || !('decoder' in call)) return false;
  const { decoder } = call;
  return typeof decoder === 'object' && decoder !== null && 'write' in decoder && 'maxReadMessageLength' in decoder;
}
