import { createHash } from 'node:crypto';

/** Fails unless the pieces together have that SHA-256. */
export async function expectDigest(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, sha256: string, what: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  if (hash.digest('hex') !== sha256) throw new Error(`${what} is not what was stored: its bytes have another SHA-256`);
}
