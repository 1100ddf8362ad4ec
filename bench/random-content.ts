import { randomBytes } from 'node:crypto';

const pieceBytes = 1024 * 1024;

/** So many contents of that size, all different. */
export function randomContents(count: number, sizeBytes: number): Buffer[] {
  const all = randomBytes(count * sizeBytes);
  return Array.from({ length: count }, (_, index) => all.subarray(index * sizeBytes, (index + 1) * sizeBytes));
}

/** A stream of that size, in pieces of their own, unlike any other. */
export async function* randomStream(sizeBytes: number): AsyncGenerator<Buffer> {
  const pattern = randomBytes(pieceBytes);
  for (let position = 0; position < sizeBytes; position += pieceBytes) {
    const piece = Buffer.from(pattern.subarray(0, Math.min(pieceBytes, sizeBytes - position)));
    piece.writeDoubleLE(position);
    yield Promise.resolve(piece);
  }
}
