import { fieldHeadroomBytes } from '../rpc/codec/bytes-field.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type Piece } from './piece.js';
import { unlessAbortedEach } from './unless-aborted-each.js';

/**
 * The bytes of a stream in pieces of the size that travels best, whatever size they come in. Fails with `invalid-argument` for what is not bytes,
 * and with `cancelled`.
 */
export async function* regroup(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Piece, void, undefined> {
  let buffer = emptyBuffer();
  let filled = 0;
  for await (const bytes of unlessAbortedEach<unknown>(content, signal)) {
    if (!(bytes instanceof Uint8Array)) {
      throw new KacheryError('invalid-argument', `The stream gave a ${typeof bytes}, not a Uint8Array. Streams of text need an encoder.`, { field: 'content' });
    }
    for (let taken = 0; taken < bytes.byteLength;) {
      const count = Math.min(bytes.byteLength - taken, limits.dataMessageBytes - filled);
      buffer.set(bytes.subarray(taken, taken + count), fieldHeadroomBytes + filled);
      taken += count;
      filled += count;
      if (filled < limits.dataMessageBytes) continue;
      yield pieceOf(buffer, filled);
      buffer = emptyBuffer();
      filled = 0;
    }
  }
  if (filled > 0) yield pieceOf(buffer, filled);
}

function emptyBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(fieldHeadroomBytes + limits.dataMessageBytes);
}

function pieceOf(buffer: Buffer, filled: number): Piece {
  return { data: buffer.subarray(fieldHeadroomBytes, fieldHeadroomBytes + filled), headroomBytes: fieldHeadroomBytes };
}
