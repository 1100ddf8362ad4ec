import { unlink } from 'node:fs/promises';
import { KacheryError } from '../core/failure.js';
import { hasManifest } from '../core/manifest.js';
import { type ContentWriter, sizeMismatch } from './content-writer.js';
import { type Expectation, type IncomingFile, type StoreResult } from './file-store.js';
import { IntakeError, type IntakeJob } from './intake/intake-lane.js';
import { type IntakePool } from './intake/intake-pool.js';
import { storageFailure } from './system-failure.js';

/** Content that is small enough to be kept in memory until it is whole. */
const maxHeldBytes = 256 * 1024;

/** Where the content of an {@link IncomingContent} goes and what of it is there already. */
export interface IncomingTarget {
  readonly path: string;
  /** Job that already took `takenBytes` of it, for an upload that goes on. */
  readonly job?: IntakeJob;
  readonly takenBytes?: number;
  /** Keeps what is there when given up. */
  readonly isKept: boolean;
  /** Called once when all is over. */
  readonly onEnd?: (outcome: 'finished' | 'aborted' | 'failed') => Promise<void>;
}

/** Content on its way in: held in memory while it is small, otherwise hashed and written by an intake job. */
export class IncomingContent implements IncomingFile {
  takenBytes: number;
  private held: Uint8Array[] = [];
  private job: IntakeJob | undefined;
  private isOver = false;
  /** Storing itself failed, as when the disk is full: then nothing is kept for later. */
  private isBroken = false;

  constructor(
    private readonly dependencies: { readonly writer: ContentWriter; readonly pool: IntakePool; readonly dir: string },
    private readonly expected: Expectation,
    private readonly target: IncomingTarget,
  ) {
    this.takenBytes = target.takenBytes ?? 0;
    this.job = target.job;
  }

  async write(data: Uint8Array, onReturned?: (data: Uint8Array) => void): Promise<void> {
    if (this.isOver) throw new KacheryError('cancelled', 'Storing was given up.');
    this.takenBytes += data.byteLength;
    if (this.expected.sizeBytes !== undefined && this.takenBytes > this.expected.sizeBytes) throw sizeMismatch(this.expected.sizeBytes, this.takenBytes);
    if (!this.job && !this.target.isKept && this.takenBytes <= maxHeldBytes) {
      this.held.push(data);
      return;
    }
    await this.attempt(async () => {
      await this.startJob().write(data, onReturned);
    });
  }

  async finish(): Promise<StoreResult> {
    try {
      const result = await this.attempt(() => this.store());
      await this.end('finished');
      return result;
    } catch (error) {
      await this.discard('failed');
      throw error;
    }
  }

  async abort(): Promise<void> {
    await this.discard('aborted');
  }

  private async store(): Promise<StoreResult> {
    const { writer } = this.dependencies;
    if (this.expected.sizeBytes !== undefined && this.takenBytes !== this.expected.sizeBytes) throw sizeMismatch(this.expected.sizeBytes, this.takenBytes);
    if (!this.job && !this.target.isKept) {
      return writer.storeBytes(this.held.length === 1 && this.held[0] ? this.held[0] : Buffer.concat(this.held), this.expected);
    }
    const digest = await this.startJob().finish();
    this.job = undefined;
    if (this.target.isKept) await writer.seal(this.target.path);
    return writer.publish(this.target.path, digest, this.takenBytes, this.expected);
  }

  private startJob(): IntakeJob {
    if (this.job) return this.job;
    const chunked = this.expected.sizeBytes === undefined || hasManifest(this.expected.sizeBytes);
    const job = this.dependencies.pool.open({ outPath: this.target.path, append: this.target.isKept, chunked });
    for (const piece of this.held) void job.write(piece).catch(() => undefined);
    this.held = [];
    this.job = job;
    return job;
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.isBroken = true;
      throw error instanceof IntakeError ? storageFailure(error, this.dependencies.dir) : error;
    }
  }

  private async discard(outcome: 'aborted' | 'failed'): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    this.held = [];
    const hadFile = this.job !== undefined;
    await this.job?.drop();
    const isKept = this.target.isKept && outcome === 'aborted' && !this.isBroken;
    if (!isKept && (hadFile || this.target.isKept)) await unlink(this.target.path).catch(() => undefined);
    await this.target.onEnd?.(outcome).catch(() => undefined);
  }

  private async end(outcome: 'finished'): Promise<void> {
    this.isOver = true;
    await this.target.onEnd?.(outcome);
  }
}
