import { constants } from 'node:buffer';

import { KacheryError } from '../core/failure.js';

/** All pieces as one array. Fails with `too-large` if they do not fit into one. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of pieces) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > constants.MAX_LENGTH) throw beyondMemory();
    collected.push(piece);
  }
  return collected.length === 1 && collected[0] ? collected[0] : Buffer.concat(collected, sizeBytes);
}

function beyondMemory(): KacheryError {
  const limit = String(constants.MAX_LENGTH);
  return new KacheryError('too-large', `The bytes do not fit into one array, which holds ${limit} at most. Read them with readFile, or a range of them.`, {
    limit,
  });
}
