import { type FileHandle } from 'node:fs/promises';

import { type Digest, type IntakeJob } from '../intake/intake-lane.js';
import { type IntakePool } from '../intake/intake-pool.js';

/** How much is hashed between two looks at how far the file is. */
const stepBytes = 64 * 1024 * 1024;

/** Hashes a file from its beginning, behind what is there of it, off the event loop. */
export class RunningHash {
  private job: IntakeJob | undefined;
  private hashedBytes = 0;
  private availableBytes = 0;
  private work: Promise<void> | undefined;
  private failure: Error | undefined;

  constructor(
    private readonly pool: IntakePool,
    private readonly file: FileHandle,
    private readonly options: { readonly chunked: boolean },
  ) {}

  /** Tells that the file's bytes up to `end` are there and will not change any more. */
  advance(end: number): void {
    this.availableBytes = Math.max(this.availableBytes, end);
    if (this.failure ?? this.hashedBytes >= this.availableBytes) return;
    this.work ??= this.hashAvailable().finally(() => {
      this.work = undefined;
    });
  }

  /** The hash of the file's first `sizeBytes`, all of which must be there. The next one begins anew. Fails with an IntakeError. */
  async finish(sizeBytes: number): Promise<Digest> {
    this.advance(sizeBytes);
    while (this.work) await this.work;
    try {
      if (this.failure) throw this.failure;
      this.job ??= this.pool.open({ append: false, ...this.options });
      const digest = await this.job.finish();
      this.job = undefined;
      return digest;
    } finally {
      await this.restart();
    }
  }

  /** Forgets everything: bytes that were hashed may have changed, or nobody needs the hash any more. Never fails. */
  async restart(): Promise<void> {
    const { job } = this;
    this.availableBytes = 0;
    job?.cancel();
    while (this.work) await this.work;
    this.job = undefined;
    this.hashedBytes = 0;
    this.failure = undefined;
    await job?.drop();
  }

  private async hashAvailable(): Promise<void> {
    try {
      this.job ??= this.pool.open({ append: false, ...this.options });
      while (this.hashedBytes < this.availableBytes) {
        const end = Math.min(this.availableBytes, this.hashedBytes + stepBytes);
        await this.job.writeFile(this.file.fd, { start: this.hashedBytes, end }, { write: false });
        this.hashedBytes = end;
      }
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}
