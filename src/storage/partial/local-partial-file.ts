import { setMaxListeners } from 'node:events';
import { chmod, type FileHandle, open, unlink } from 'node:fs/promises';

import { type ByteRange } from '../../core/byte-range.js';
import { type ContentId } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { hasManifest } from '../../core/manifest.js';
import { type ContentWriter } from '../content-writer.js';
import { type ReadOptions, type StoredFile } from '../file-store.js';
import { digestRange } from '../intake/digest-range.js';
import { type Digest } from '../intake/intake-lane.js';
import { type IntakePool } from '../intake/intake-pool.js';
import { readPieces } from '../read-pieces.js';
import { storageFailure, systemErrorCode } from '../system-failure.js';
import { ByteCoverage } from './byte-coverage.js';
import { chunksOf, isStandard, type ChunkLayout } from './chunk-layout.js';
import { type ChunkState, type FinishOutcome, type PartialFile } from './partial-files.js';
import { type PartialRecord, type RecordedState } from './partial-record.js';
import { PositionedWrites } from './positioned-writes.js';
import { RunningHash } from './running-hash.js';

/** How much is verified between two times that what is written is made durable, so that little is left to do at the end. */
const syncStepBytes = 64 * 1024 * 1024;

/** What a partial file works with. */
export interface PartialFileParts {
  /** Hashes chunks. */
  readonly pool: IntakePool;
  /** Hashes wholes: a thread of its own, since every byte is hashed for its chunk and for the whole. */
  readonly wholePool: IntakePool;
  readonly writer: ContentWriter;
  readonly dir: string;
  readonly path: string;
  readonly file: FileHandle;
  readonly record: PartialRecord;
  /** Where the content is when it is stored. */
  readonly contentPath: string;
  readonly recordPath: string;
  /** How many bytes may wait to be written now. */
  readonly roomBytes: () => number;
  /** Called once when it is closed; `verified` are chunks that are known to be good. */
  readonly onClosed: (verified: ReadonlySet<number>) => Promise<void>;
}

/** A partial file in the storage directory: the content's bytes in their places, and the record of what is known of them. */
export class LocalPartialFile implements PartialFile {
  readonly layout: ChunkLayout;
  readonly filled: readonly ByteRange[];
  loadedBytes = 0;
  private readonly states: ChunkState[];
  private readonly writes: PositionedWrites;
  private whole: RunningHash;
  /** Of a content that is one chunk, whose hash is that of the whole. */
  private readonly coverage: ByteCoverage | undefined;
  private wholeDigest: Digest | undefined;
  private hashesAlong = false;
  /** How often chunks were begun anew. */
  private readonly restarts = new Map<number, number>();
  /** Chunks before this one are not missing. */
  private firstMissing = 0;
  private unsyncedBytes = 0;
  private syncing: Promise<void> | undefined;
  private syncFailure: unknown;
  private readonly closing = new AbortController();
  private readonly working = new Set<Promise<unknown>>();
  private closed: Promise<void> | undefined;
  private isDiscarded = false;

  constructor(
    readonly id: ContentId,
    private readonly parts: PartialFileParts,
    { layout, verified: kept, filled }: RecordedState,
    alreadyVerified: ReadonlySet<number>,
  ) {
    // All chunks that are being verified hear of it.
    setMaxListeners(0, this.closing.signal);
    this.layout = layout;
    this.filled = filled;
    this.writes = new PositionedWrites(parts.file, parts.roomBytes);
    const isUndivided = layout.manifestId === undefined;
    this.whole = this.newRunningHash();
    this.states = layout.chunks.map((_, chunk) => (kept.has(chunk) ? (alreadyVerified.has(chunk) ? 'verified' : 'kept') : 'missing'));
    for (const chunk of kept) this.loadedBytes += this.sizeOf(chunk);
    if (!isUndivided) return;
    this.coverage = new ByteCoverage();
    for (const range of filled) this.cover(range);
  }

  stateOf(chunk: number): ChunkState {
    return this.states[chunk] ?? 'missing';
  }

  async checkRoom(sizeBytes: number): Promise<void> {
    await this.attempt(() => this.parts.writer.checkRoom(sizeBytes));
  }

  async write(position: number, bytes: Uint8Array, options: { readonly isLastUse?: boolean } = {}): Promise<void> {
    this.requireOpen();
    await this.attempt(() => this.writes.write(position, bytes, options));
  }

  noteFilled(range: ByteRange): void {
    const { first } = chunksOf(this.layout, range);
    const restarts = this.restarts.get(first);
    const noted = this.writes.flush().then(
      () => {
        if (this.restarts.get(first) !== restarts) return;
        this.parts.record.fill(range);
        this.cover(range);
      },
      // Whoever writes hears of the failure.
      () => undefined,
    );
    void this.track(noted);
  }

  restart(chunk: number): void {
    if (this.closed || this.states[chunk] !== 'missing') return;
    this.restarts.set(chunk, (this.restarts.get(chunk) ?? 0) + 1);
    this.parts.record.forget(chunk);
    if (!this.coverage) return;
    this.coverage.clear();
    // What it has hashed may be other bytes than those that are coming.
    void this.track(this.whole.restart());
    this.whole = this.newRunningHash();
  }

  async verify(chunk: number): Promise<boolean> {
    this.requireOpen();
    const isGood = await this.track(this.attempt(() => (this.coverage ? this.verifyWhole() : this.verifyChunk(chunk))));
    this.requireOpen();
    if (isGood) this.accept(chunk);
    else await this.forget(chunk);
    return isGood;
  }

  async digestsOf(ranges: readonly ByteRange[]): Promise<string[]> {
    this.requireOpen();
    const digests: string[] = [];
    for (const range of ranges) digests.push(await this.track(this.attempt(() => this.hash(range))));
    return digests;
  }

  async *read(range: ByteRange, options: Omit<ReadOptions, 'start' | 'end'> = {}): AsyncGenerator<Buffer, void, undefined> {
    const { first, last } = chunksOf(this.layout, range);
    for (let chunk = first; chunk <= last; chunk += 1) {
      if (range.end > range.start && this.states[chunk] !== 'verified') throw new KacheryError('internal', 'A part of a file was to be read unverified.');
    }
    const file = await this.openToRead();
    try {
      const { headroomBytes = 0, signal, buffers } = options;
      yield* readPieces(file, range.start, range.end, { headroomBytes, signal, buffers });
    } catch (error) {
      throw storageFailure(error, this.parts.dir);
    } finally {
      await file.close();
    }
  }

  hashAlong(): void {
    this.hashesAlong = true;
    this.advanceWhole();
  }

  async finish(): Promise<FinishOutcome> {
    this.requireOpen();
    return this.track(this.attempt(() => this.finishWhole()));
  }

  close(): Promise<void> {
    return (this.closed ??= this.release());
  }

  async discard(): Promise<void> {
    this.states.fill('missing');
    this.isDiscarded = true;
    await this.close();
  }

  private newRunningHash(): RunningHash {
    const { layout, parts } = this;
    return new RunningHash(parts.wholePool, parts.file, { chunked: hasManifest(layout.sizeBytes) && !isStandard(layout) });
  }

  private async verifyChunk(chunk: number): Promise<boolean> {
    const range = this.layout.chunks[chunk];
    return (await this.hash(range ?? { start: 0, end: 0 })) === range?.sha1;
  }

  private async verifyWhole(): Promise<boolean> {
    await this.writes.flush();
    const digest = await this.hashWhole();
    if (digest.sha1 === this.id) this.wholeDigest = digest;
    return digest.sha1 === this.id;
  }

  private async hashWhole(): Promise<Digest> {
    this.requireOpen();
    return this.whole.finish(this.layout.sizeBytes);
  }

  private async hash(range: ByteRange): Promise<string> {
    await this.writes.flush();
    return (await digestRange(this.parts.pool, this.parts.file, range, { signal: this.closing.signal })).sha1;
  }

  private accept(chunk: number): void {
    if (this.states[chunk] === 'missing') {
      this.loadedBytes += this.sizeOf(chunk);
      this.parts.record.verify(chunk);
      this.unsyncedBytes += this.sizeOf(chunk);
      if (this.unsyncedBytes >= syncStepBytes) this.syncSome();
    }
    this.states[chunk] = 'verified';
    this.advanceWhole();
  }

  private async forget(chunk: number): Promise<void> {
    if (this.states[chunk] !== 'missing') this.loadedBytes -= this.sizeOf(chunk);
    this.states[chunk] = 'missing';
    this.parts.record.forget(chunk);
    this.coverage?.clear();
    if (chunk >= this.firstMissing) return;
    this.firstMissing = 0;
    await this.whole.restart();
    this.advanceWhole();
  }

  private cover(range: ByteRange): void {
    if (!this.coverage || this.closing.signal.aborted) return;
    this.coverage.add(range);
    if (this.states[0] === 'missing') this.whole.advance(this.coverage.prefixBytes);
  }

  private advanceWhole(): void {
    if (this.coverage || !this.hashesAlong || this.closing.signal.aborted) return;
    while (this.firstMissing < this.states.length && this.states[this.firstMissing] !== 'missing') this.firstMissing += 1;
    this.whole.advance(this.layout.chunks[this.firstMissing - 1]?.end ?? 0);
  }

  private async finishWhole(): Promise<FinishOutcome> {
    await this.parts.record.flush();
    const digest = this.wholeDigest ?? (await this.hashWhole());
    if (digest.sha1 === this.id) return { kind: 'stored', file: await this.store(digest) };
    let isDamaged = false;
    for (const [chunk, state] of this.states.entries()) if (state === 'kept' && !(await this.verify(chunk))) isDamaged = true;
    return { kind: isDamaged ? 'damaged' : 'other-content' };
  }

  private async store(digest: Digest): Promise<StoredFile> {
    const { writer, path, file, recordPath } = this.parts;
    await this.syncing;
    if (this.syncFailure !== undefined) throw this.syncFailure as Error;
    await file.sync();
    await writer.seal(path);
    try {
      const chunkSha1s = isStandard(this.layout) ? this.layout.chunks.map(({ sha1 }) => sha1) : digest.chunkSha1s;
      const { file: stored } = await writer.place(path, { sha1: digest.sha1, chunkSha1s }, this.layout.sizeBytes, { id: this.id });
      await removeFiles(recordPath);
      // What is stored is read there, and checked there.
      void this.close();
      return stored;
    } catch (error) {
      await chmod(path, 0o600).catch(() => undefined);
      throw error;
    }
  }

  /** Failures to make bytes durable come out once only, so they are kept for the end. */
  private syncSome(): void {
    this.unsyncedBytes = 0;
    this.syncing ??= this.parts.file
      .datasync()
      .catch((error: unknown) => {
        this.syncFailure = error;
      })
      .finally(() => {
        this.syncing = undefined;
      });
  }

  private async openToRead(): Promise<FileHandle> {
    try {
      return await open(this.parts.path, 'r');
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw storageFailure(error, this.parts.dir);
      // It may have become a stored file a moment ago.
      return open(this.parts.contentPath, 'r');
    }
  }

  private async release(): Promise<void> {
    this.closing.abort();
    await this.whole.restart();
    await Promise.allSettled(this.working);
    await this.writes.flush().catch(() => undefined);
    await this.syncing;
    await this.parts.record.close();
    await this.parts.file.close().catch(() => undefined);
    if (this.isDiscarded) await removeFiles(this.parts.recordPath, this.parts.path).catch(() => undefined);
    await this.parts.onClosed(new Set([...this.states.keys()].filter((chunk) => this.states[chunk] === 'verified')));
  }

  private sizeOf(chunk: number): number {
    const range = this.layout.chunks[chunk];
    return range ? range.end - range.start : 0;
  }

  private requireOpen(): void {
    if (this.closed) throw new KacheryError('cancelled', 'Fetching the file was given up.');
  }

  /** Nothing may use the file when it is closed: its number could be another file's by then. */
  private async track<T>(work: Promise<T>): Promise<T> {
    this.working.add(work);
    try {
      return await work;
    } finally {
      this.working.delete(work);
    }
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageFailure(error, this.parts.dir);
    }
  }
}

async function removeFiles(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await unlink(path).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    });
  }
}
