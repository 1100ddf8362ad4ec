import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

const pieceBytes = 8 * 1024 * 1024;

/** Writes a durable file of that size whose pieces all differ. */
export async function writeRandomFile(path: string, sizeBytes: number): Promise<void> {
  const piece = randomBytes(pieceBytes);
  const file = await open(path, 'w');
  try {
    for (let position = 0; position < sizeBytes; position += pieceBytes) {
      piece.writeDoubleLE(position);
      await file.write(piece, 0, Math.min(pieceBytes, sizeBytes - position));
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a file another content by changing its beginning. */
export async function changeFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(randomBytes(32), 0, 32, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
