import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { type Clock } from '../core/clock.js';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';
import { hasManifest } from '../core/manifest.js';
import { type ContentIndex } from './content-index.js';
import { type ContentWriter } from './content-writer.js';
import { fileIdentity, isSettled } from './file-identity.js';
import { type StoreResult, type WorkOptions } from './file-store.js';
import { type Digest, IntakeError, type IntakeJob } from './intake/intake-lane.js';
import { sourceEndedEarly } from './intake/intake-protocol.js';
import { type IntakePool } from './intake/intake-pool.js';
import { localFileFailure, storageFailure } from './system-failure.js';

const maxInlineBytes = 256 * 1024;

/** A file of this machine that is open and whose state is known. */
export interface SourceFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
  readonly sizeBytes: number;
}

/** Content of a source: its hash and manifest. */
export interface SourceContent {
  readonly id: ContentId;
  readonly manifestId?: ContentId;
}

/** Hashes and copies files of this machine. What is hashed is what is written; a file that changes meanwhile is refused. */
export class LocalFileIntake {
  constructor(
    private readonly dependencies: {
      readonly writer: ContentWriter;
      readonly pool: IntakePool;
      readonly index: ContentIndex;
      readonly clock: Clock;
      readonly dir: string;
    },
  ) {}

  /** Opens a regular file and gives it to `work`; what `work` learnt of it is remembered if it did not change. */
  async withSource<T extends SourceContent>(path: string, work: (source: SourceFile) => Promise<T>): Promise<T> {
    if (!path.startsWith('/')) throw new KacheryError('invalid-argument', `The path ${JSON.stringify(path)} is not absolute.`, { field: 'path' });
    const handle = await openSource(path);
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw notRegular(path, stats);
      const result = await work({ path, handle, stats, sizeBytes: Number(stats.size) });
      await this.remember(handle, stats, result);
      return result;
    } finally {
      await handle.close();
    }
  }

  /** What the source is known to hold, if it has not changed since it was hashed. */
  async known({ stats }: SourceFile): Promise<SourceContent | undefined> {
    return this.dependencies.index.contentOf(fileIdentity(stats));
  }

  /** Stores a copy of the source. */
  async store(source: SourceFile, options: WorkOptions): Promise<StoreResult> {
    const { writer } = this.dependencies;
    if (source.sizeBytes <= maxInlineBytes) return this.storeInline(source);
    await writer.checkRoom(source.sizeBytes);
    const path = writer.temporaryPath();
    try {
      const digest = (await writer.clone(source.path, path)) ? await this.hashClone(source, path, options) : await this.run(source, path, options);
      await checkUnchanged(source);
      return await writer.publish(path, digest, source.sizeBytes, {});
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    }
  }

  /** Hashes the source and stores its manifest. */
  async hash(source: SourceFile, options: WorkOptions): Promise<SourceContent> {
    const digest = await this.run(source, undefined, options);
    await checkUnchanged(source);
    const id = parseContentId(digest.sha1);
    const manifestId = await this.dependencies.writer.storeManifest(id, source.sizeBytes, digest.chunkSha1s);
    return { id, ...(manifestId && { manifestId }) };
  }

  /** Hashes a clone of the source, which nobody else changes, and makes it durable. */
  private async hashClone(source: SourceFile, path: string, options: WorkOptions): Promise<Digest> {
    const handle = await open(path, 'r');
    try {
      const stats = await handle.stat({ bigint: true });
      if (stats.size !== source.stats.size) throw fileChanged(source.path);
      const digest = await this.run({ path, handle, stats, sizeBytes: source.sizeBytes }, undefined, options);
      await handle.sync();
      return digest;
    } finally {
      await handle.close();
    }
  }

  private async storeInline(source: SourceFile): Promise<StoreResult> {
    const bytes = Buffer.allocUnsafe(source.sizeBytes);
    const { bytesRead } = await source.handle.read(bytes, 0, source.sizeBytes, 0).catch((error: unknown) => {
      throw localFileFailure(error, source.path);
    });
    if (bytesRead !== source.sizeBytes) throw fileChanged(source.path);
    await checkUnchanged(source);
    return this.dependencies.writer.storeBytes(bytes);
  }

  /** Passes the source through the workers, into a file if there is one. */
  private async run(source: SourceFile, outPath: string | undefined, { signal, onProgress }: WorkOptions): Promise<Digest> {
    throwIfCancelled(signal);
    const job = this.dependencies.pool.open(
      { ...(outPath !== undefined && { outPath }), append: false, chunked: hasManifest(source.sizeBytes) },
      onProgress &&
        ((doneBytes) => {
          onProgress(doneBytes, source.sizeBytes);
        }),
    );
    try {
      await abortable(job, signal, job.writeFile(source.handle.fd, { start: 0, end: source.sizeBytes }, { write: outPath !== undefined }));
      return await job.finish();
    } catch (error) {
      await job.drop();
      throw this.explain(error, source.path);
    }
  }

  private explain(error: unknown, path: string): unknown {
    if (!(error instanceof IntakeError)) return error;
    if (error.code === sourceEndedEarly) return fileChanged(path);
    return error.isSource ? localFileFailure(error, path) : storageFailure(error, this.dependencies.dir);
  }

  private async remember(handle: FileHandle, stats: BigIntStats, content: SourceContent): Promise<void> {
    if (!isSettled(stats, this.dependencies.clock.now())) return;
    const after = await handle.stat({ bigint: true });
    if (fileIdentity(after) !== fileIdentity(stats)) return;
    const { id, manifestId } = content;
    await this.dependencies.index.rememberContent(fileIdentity(stats), { id, ...(manifestId && { manifestId }) });
  }
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw localFileFailure(error, path.toWellFormed());
  }
}

async function abortable(job: IntakeJob, signal: AbortSignal | undefined, work: Promise<void>): Promise<void> {
  if (!signal) return work;
  const abort = (): void => {
    job.cancel();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    await work;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function checkUnchanged({ handle, stats, path }: SourceFile): Promise<void> {
  const after = await handle.stat({ bigint: true });
  if (after.size !== stats.size || after.mtimeNs !== stats.mtimeNs) throw fileChanged(path);
}

function fileChanged(path: string): KacheryError {
  return new KacheryError('file-changed', `The file ${path} changed while it was read, so it was not stored. Store it again when nothing writes to it.`, {
    path,
  });
}

function notRegular(path: string, stats: BigIntStats): KacheryError {
  const kind = stats.isDirectory() ? 'a directory' : stats.isFIFO() ? 'a FIFO' : stats.isSocket() ? 'a socket' : 'a device';
  return new KacheryError('not-a-regular-file', `${path} is ${kind}, not a regular file. Only regular files can be stored.`, { path });
}
