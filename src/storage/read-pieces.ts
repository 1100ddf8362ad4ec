import { type FileHandle } from 'node:fs/promises';

import { throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type ReadBuffers } from './read-buffers.js';
import { readOffsetBytes } from './read-offset.js';

/**
 * The bytes [start, end) of an open file in pieces as {@link readPiece} makes them, the next one read while the consumer has the last. Fails with
 * `content-corrupt` if the file is shorter, with `cancelled`, and with errors of the operating system.
 */
export async function* readPieces(
  handle: FileHandle,
  start: number,
  end: number,
  { headroomBytes, signal, buffers }: { headroomBytes: number; signal: AbortSignal | undefined; buffers: ReadBuffers | undefined },
): AsyncGenerator<Buffer, void, undefined> {
  let position = start;
  let next = position < end ? readPiece(handle, position, end, headroomBytes, buffers) : undefined;
  try {
    while (next) {
      const piece = await next;
      throwIfCancelled(signal);
      if (piece.byteLength === 0) throw new KacheryError('content-corrupt', `The file ended at byte ${String(position)} while it was being read.`);
      position += piece.byteLength;
      next = position < end ? readPiece(handle, position, end, headroomBytes, buffers) : undefined;
      // It is awaited when the consumer comes back; until then a failure must not count as one that nobody handles.
      next?.catch(() => undefined);
      yield piece;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}

/** The next bytes of a file, at most limits.dataMessageBytes, with unused room before them in their buffer. */
export async function readPiece(handle: FileHandle, position: number, end: number, headroomBytes: number, buffers?: ReadBuffers): Promise<Buffer> {
  const length = Math.min(limits.dataMessageBytes, end - position);
  const offset = Math.max(headroomBytes, readOffsetBytes);
  const buffer = buffers?.acquire(offset + length) ?? Buffer.allocUnsafeSlow(offset + length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, offset + filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(offset, offset + filled);
}
