import { addAbortSignal, type Readable } from 'node:stream';

import { KacheryError } from '../core/failure.js';

/** The whole text of a stream, without a line break at its end. Fails with `invalid-argument` if it has more than `maxBytes` or is not UTF-8, and with `cancelled`. */
export async function readText(input: Readable, maxBytes: number, signal: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of addAbortSignal(signal, input) as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      sizeBytes += piece.byteLength;
      if (sizeBytes > maxBytes) break;
    }
    if (sizeBytes <= maxBytes) return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)).trimEnd();
  } catch (error) {
    if (signal.aborted) throw new KacheryError('cancelled', 'Interrupted while standard input was read.', {}, { cause: error });
    throw error instanceof TypeError ? new KacheryError('invalid-argument', 'Standard input is not UTF-8.', { field: '-' }, { cause: error }) : error;
  }
  throw new KacheryError('invalid-argument', `Standard input has more than the ${String(maxBytes)} bytes that are allowed.`, { field: '-' });
}
