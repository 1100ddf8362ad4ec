import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { readOffsetBytes } from '../storage/read-offset.js';
import { localFileFailure } from '../storage/system-failure.js';
import { type Piece } from './piece.js';

/** A regular file of this machine that is open for sending. `close` it. */
export class SourceFile {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly stats: BigIntStats,
  ) {}

  /** Fails with `path-not-found`, `path-not-permitted` or `not-a-regular-file`. */
  static async open(path: string): Promise<SourceFile> {
    try {
      // Without O_NONBLOCK, opening a FIFO would wait for its other end.
      const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = await handle.stat({ bigint: true });
      if (stats.isFile()) return new SourceFile(path, handle, stats);
      await handle.close();
    } catch (error) {
      throw localFileFailure(error, path.toWellFormed());
    }
    throw new KacheryError('not-a-regular-file', `${path} is a directory, a FIFO, a socket or a device. Only regular files can be stored.`, { path });
  }

  get sizeBytes(): number {
    return Number(this.stats.size);
  }

  /** For workers that read the file themselves. */
  get fileDescriptor(): number {
    return this.handle.fd;
  }

  /** All bytes of a small file. Fails with `file-changed` if it is written to meanwhile. */
  async readWhole(): Promise<Uint8Array> {
    const { data } = await this.piece(0, 0);
    await this.checkUnchanged();
    return data;
  }

  /** The bytes from `offset` to the end, the next piece being read while the consumer has the last. Fails with `file-changed` if the file has become shorter. */
  async *pieces(offset: number, headroomBytes: number): AsyncGenerator<Piece, void, undefined> {
    let next = this.pieceAhead(offset, headroomBytes);
    let position = offset;
    try {
      while (position < this.sizeBytes) {
        const piece = await next;
        position += piece.data.byteLength;
        if (position < this.sizeBytes) next = this.pieceAhead(position, headroomBytes);
        yield piece;
      }
    } finally {
      await next.catch(() => undefined);
    }
  }

  /** Fails with `file-changed` if the file was written to since it was opened. */
  async checkUnchanged(): Promise<void> {
    const { size, mtimeNs } = await this.handle.stat({ bigint: true });
    if (size !== this.stats.size || mtimeNs !== this.stats.mtimeNs) throw this.changed();
  }

  /** The failure of a file that was written to while it was read. */
  changed(cause?: unknown): KacheryError {
    const { path } = this;
    return new KacheryError(
      'file-changed',
      `The file ${path} changed while it was being stored. Store it again when nothing writes to it.`,
      { path },
      { cause },
    );
  }

  /** Releases the file. */
  async close(): Promise<void> {
    await this.handle.close();
  }

  /** A piece that nobody waits for yet, and that may fail before somebody does. */
  private pieceAhead(position: number, headroomBytes: number): Promise<Piece> {
    const piece = this.piece(position, headroomBytes);
    piece.catch(() => undefined);
    return piece;
  }

  private async piece(position: number, headroomBytes: number): Promise<Piece> {
    const length = Math.min(limits.dataMessageBytes, this.sizeBytes - position);
    const offset = Math.max(headroomBytes, readOffsetBytes);
    const buffer = Buffer.allocUnsafeSlow(offset + length);
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await this.handle.read(buffer, offset + filled, length - filled, position + filled).catch((error: unknown) => {
        throw localFileFailure(error, this.path);
      });
      if (bytesRead === 0) throw this.changed();
      filled += bytesRead;
    }
    return { data: buffer.subarray(offset), headroomBytes };
  }
}
