import { type FileHandle } from 'node:fs/promises';

import { releaseBuffer } from './release-buffer.js';

/**
 * Writes bytes at places in a file, one after another and off the event loop. No more wait than there is room for, if the callers wait for their turn. The first
 * failure is that of all that comes behind it.
 */
export class PositionedWrites {
  private tail: Promise<void> = Promise.resolve();
  private waitingBytes = 0;
  private failure: Error | undefined;
  private readonly waiters: (() => void)[] = [];

  constructor(
    private readonly file: FileHandle,
    /** How many bytes may wait now. */
    private readonly roomBytes: () => number,
  ) {}

  /** Takes bytes that do not change any more; with `isLastUse` their buffer now belongs to the writes. Resolves when there is room for more. */
  async write(position: number, bytes: Uint8Array, { isLastUse = false }: { readonly isLastUse?: boolean } = {}): Promise<void> {
    this.throwFailure();
    const sizeBytes = bytes.byteLength;
    this.waitingBytes += sizeBytes;
    this.tail = this.tail.then(async () => {
      await this.writeWhole(position, bytes);
      if (isLastUse) releaseBuffer(bytes);
      this.waitingBytes -= sizeBytes;
      for (const resume of this.waiters.splice(0)) resume();
    });
    while (this.waitingBytes >= this.roomBytes()) {
      await new Promise<void>((resolve) => this.waiters.push(resolve));
      this.throwFailure();
    }
  }

  /** Resolves when all bytes that were taken are written. */
  async flush(): Promise<void> {
    await this.tail;
    this.throwFailure();
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure;
  }

  private async writeWhole(position: number, bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.byteLength && !this.failure;) {
        const { bytesWritten } = await this.file.write(bytes, done, bytes.byteLength - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }
}
