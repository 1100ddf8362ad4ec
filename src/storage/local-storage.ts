import { createHash } from 'node:crypto';
import { type BigIntStats } from 'node:fs';
import { type FileHandle, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Clock, systemClock } from '../core/clock.js';
import { type ContentId, parseContentId } from '../core/content-id.js';
import { throwIfCancelled } from '../core/cancellation.js';
import { isKacheryError, KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { hasManifest } from '../core/manifest.js';
import { BatchStore } from './batch/batch-store.js';
import { type ContentIndex, emptyContentIndex } from './content-index.js';
import { listContentIds } from './content-lister.js';
import { ContentReader, isAsGoodAsNone } from './content-reader.js';
import { ContentVerifier } from './content-verifier.js';
import { ContentWriter, type WriterRole } from './content-writer.js';
import { modificationTimeSeconds } from './file-identity.js';
import {
  type Expectation,
  type FileStore,
  type IncomingFile,
  type KeptUpload,
  type ReadOptions,
  type StorageUsage,
  type StoredFile,
  type StoreResult,
  type VerifyEvent,
  type WorkOptions,
} from './file-store.js';
import { Glance } from './glance/glance.js';
import { IncomingContent } from './incoming-content.js';
import { digestRange } from './intake/digest-range.js';
import { type Digest } from './intake/intake-lane.js';
import { IntakePool } from './intake/intake-pool.js';
import { KeptUploads } from './kept-uploads.js';
import { KnownContentIntake } from './known-content-intake.js';
import { StorageLayout } from './layout.js';
import { Links } from './links.js';
import { LocalFileIntake, type SourceFile } from './local-file-intake.js';
import { type OpenedLayout, openLayout } from './open-layout.js';
import { LocalPartialFiles } from './partial/local-partial-files.js';
import { type PartialFiles } from './partial/partial-files.js';
import { Publisher, syncFolder } from './publisher.js';
import { localFileFailure, storageFailure, systemErrorCode } from './system-failure.js';

/** What a storage directory is opened with. */
export interface LocalStorageOptions {
  /** A daemon is alone on its directory and cleans up after earlier ones; any number of offline writers may share it. */
  readonly role: WriterRole;
  readonly clock?: Clock;
  readonly index?: ContentIndex;
}

/** How many look-ups go to the file system at a time. */
const lookupConcurrency = 32;

/** Ids in one page of all that is here. */
const idsOfPage = 20_000;

/** The content-addressed store in a storage directory: the parts of this room, put together. */
export class LocalStorage implements FileStore {
  readonly dir: string;
  private readonly links: Links;
  private readonly writer: ContentWriter;
  private readonly pool = new IntakePool();
  private readonly intake: LocalFileIntake;
  private readonly reader: ContentReader;
  private readonly uploads: KeptUploads;
  private readonly partialFiles: LocalPartialFiles;
  /** Offline writers may be many on one directory and leave nothing to be settled. */
  private readonly batches: BatchStore | undefined;
  private readonly glance: Glance;
  private readonly index: ContentIndex;
  private readonly unwritable: KacheryError | undefined;
  private readonly watchers = new Set<(id: ContentId) => void>();
  /** In place of the writer, where the directory can only be read. */
  private readonly knownIntake: KnownContentIntake | undefined;

  private constructor(
    private readonly layout: StorageLayout,
    { role, clock = systemClock, index = emptyContentIndex, fileMode, unwritable }: LocalStorageOptions & OpenedLayout,
  ) {
    this.dir = layout.dir;
    this.unwritable = unwritable;
    this.index = index;
    const publisher = new Publisher(layout, (id) => this.tellNew(id));
    this.links = new Links(layout, publisher);
    this.writer = new ContentWriter(layout, publisher, index, role, fileMode);
    this.intake = new LocalFileIntake({ writer: this.writer, pool: this.pool, index, clock, dir: layout.dir });
    this.reader = new ContentReader(index, role === 'daemon' ? this.checkContent : undefined);
    this.knownIntake = unwritable && new KnownContentIntake({ pool: this.pool, find: (id) => this.findStored(id), unwritable });
    this.uploads = new KeptUploads(layout, this.writer, this.pool, clock);
    this.partialFiles = new LocalPartialFiles(layout, { writer: this.writer, pool: this.pool, clock });
    this.glance = new Glance(layout);
    this.batches = role === 'daemon' ? new BatchStore(layout) : undefined;
  }

  /** Opens a storage directory that exists; see openLayout for how it can fail. `close` it. */
  static async open(dir: string, options: LocalStorageOptions): Promise<LocalStorage> {
    const layout = new StorageLayout(resolve(dir));
    const storage = new LocalStorage(layout, { ...options, ...(await openLayout(layout, options.role, options.clock ?? systemClock)) });
    if (options.role === 'daemon') await storage.recover();
    return storage;
  }

  /** Files of which a part is here. Only for a daemon, which is alone on its directory. */
  get partials(): PartialFiles {
    return this.partialFiles;
  }

  async find(id: ContentId): Promise<StoredFile | undefined> {
    const path = this.layout.contentPath(id);
    const stats = await statIfThere(path);
    if (!stats?.isFile()) return this.links.find(id);
    return this.storedFile(id, Number(stats.size));
  }

  async missing(ids: readonly ContentId[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<ContentId[]> {
    const missing: ContentId[] = [];
    for (let from = 0; from < ids.length; from += lookupConcurrency) {
      throwIfCancelled(signal);
      const some = ids.slice(from, from + lookupConcurrency);
      const found = await Promise.all(some.map((id) => this.isHere(id)));
      missing.push(...some.filter((_, position) => !found[position]));
    }
    return missing;
  }

  async *read(id: ContentId, options?: ReadOptions): AsyncGenerator<Buffer, void, undefined> {
    yield* this.reader.read(await this.require(id), options);
  }

  async readWhole(id: ContentId, maxBytes: number): Promise<Buffer> {
    const file = await this.require(id);
    if (file.sizeBytes > maxBytes) {
      throw new KacheryError(
        'too-large',
        `sha1://${id} has ${String(file.sizeBytes)} bytes; at most ${String(maxBytes)} can be read at once. Read it as a stream.`,
        { limit: String(maxBytes), actual: String(file.sizeBytes) },
      );
    }
    const pieces: Buffer[] = [];
    for await (const piece of this.reader.read(file)) pieces.push(piece);
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  async findMany(ids: readonly ContentId[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<(StoredFile | undefined)[]> {
    const files: (StoredFile | undefined)[] = [];
    for (const [position, seen] of (await this.glance.sizes(ids, signal)).entries()) {
      const id = ids[position];
      if (id === undefined || seen === 'absent') files.push(undefined);
      else files.push(seen === 'unclear' ? await this.find(id).catch(() => undefined) : await this.storedFile(id, seen));
    }
    return files;
  }

  async *readMany(
    ids: readonly ContentId[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Buffer | KacheryError | undefined, void, undefined> {
    let position = 0;
    for await (const seen of this.glance.contents(ids, signal)) {
      const id = ids[position++];
      if (id !== undefined && seen === 'unclear') yield await this.readUnclear(id);
      else yield Buffer.isBuffer(seen) ? seen : undefined;
    }
  }

  async receive(expected: Expectation): Promise<IncomingFile> {
    if (this.knownIntake) return this.knownIntake.receive(expected);
    try {
      await this.writer.checkRoom(expected.sizeBytes ?? 0);
    } catch (error) {
      throw storageFailure(error, this.dir);
    }
    return new IncomingContent({ writer: this.writer, pool: this.pool, dir: this.dir }, expected, { path: this.writer.temporaryPath(), isKept: false });
  }

  async receiveUpload(uploadId: string, expected: Required<Expectation>, offset: number): Promise<IncomingFile> {
    this.requireWritable();
    try {
      return await this.uploads.receive(uploadId, expected, offset);
    } catch (error) {
      throw storageFailure(error, this.dir);
    }
  }

  async keptUpload(uploadId: string): Promise<KeptUpload | undefined> {
    return this.uploads.find(uploadId);
  }

  async abortUpload(uploadId: string): Promise<void> {
    return this.uploads.abort(uploadId);
  }

  async storeLocalFile(path: string, options: WorkOptions = {}): Promise<StoreResult> {
    const { result } = await this.intake.withSource(path, async (source) => {
      const known = await this.intake.known(source);
      const file = known && (await this.findStored(known.id));
      const result = file ? { file: { ...file, ...known }, alreadyStored: true } : await this.storeSource(source, options);
      return { id: result.file.id, ...(result.file.manifestId && { manifestId: result.file.manifestId }), result };
    });
    return result;
  }

  async linkFile(path: string, options: WorkOptions = {}): Promise<StoredFile> {
    const { file } = await this.intake.withSource(path, async (source) => {
      this.requireWritable();
      const content = (await this.intake.known(source)) ?? (await this.intake.hash(source, options));
      const stored = await this.findStored(content.id);
      if (stored) return { ...content, file: stored };
      // Beside a damaged copy nobody would look for a link.
      if (await statIfThere(this.layout.contentPath(content.id))) return { ...content, ...(await this.storeSource(source, options)) };
      const record = { ...content, path, sizeBytes: source.sizeBytes, mtimeSeconds: modificationTimeSeconds(source.stats) };
      const linked = await this.links.write(content.id, record, this.writer.temporaryPath());
      this.tellNew(content.id);
      return { ...content, file: linked };
    });
    return file;
  }

  async storeSmallFiles(contents: readonly Uint8Array[]): Promise<(StoreResult | KacheryError)[]> {
    const entries = contents.map((bytes) => ({ sha1: createHash('sha1').update(bytes).digest('hex'), bytes }));
    if (!this.batches) return this.storeOneByOne(contents);
    const wasThere = await this.batches.store(entries);
    return entries.map(({ sha1, bytes }, position) => {
      const id = parseContentId(sha1);
      this.tellNew(id);
      const file: StoredFile = { id, sizeBytes: bytes.byteLength, location: 'stored', path: this.layout.contentPath(id) };
      return { file, alreadyStored: wasThere[position] ?? false };
    });
  }

  async list(after: ContentId | undefined, count: number): Promise<StoredFile[]> {
    const files: StoredFile[] = [];
    let last = after;
    while (files.length < count) {
      const ids = await listContentIds(this.layout, last, count - files.length);
      if (ids.length === 0) break;
      // What cannot be described, or went away meanwhile, is passed over; it must not look like the end.
      const found = await Promise.all(ids.map((id) => this.find(id).catch(() => this.links.describe(id))));
      files.push(...found.filter((file) => file !== undefined));
      last = ids.at(-1);
    }
    return files;
  }

  async delete(id: ContentId): Promise<number> {
    this.requireWritable();
    await this.batches?.settle();
    const stats = await statIfThere(this.layout.contentPath(id));
    try {
      const hadLink = await removeIfThere(this.layout.linkPath(id));
      const hadFile = await removeIfThere(this.layout.contentPath(id));
      if (!hadFile && !hadLink) throw notHere(id);
      await syncFolder(dirname(this.layout.contentPath(id)));
    } catch (error) {
      throw storageFailure(error, this.dir);
    }
    return Number(stats?.size ?? 0);
  }

  async *verify(ids: readonly ContentId[] | undefined, options: { quarantine: boolean; signal?: AbortSignal }): AsyncGenerator<VerifyEvent, void, undefined> {
    const verifier = new ContentVerifier(this.layout, this.hashFile, options);
    for await (const id of ids ?? this.allIds()) {
      const bad = await verifier.check(id, () => (ids ? this.require(id) : this.find(id)));
      if (bad) yield bad;
      yield verifier.progress;
    }
    yield verifier.progress;
  }

  /** The ids of all files that are here, a page at a time, in the order of their hashes. */
  async *idPages(): AsyncGenerator<readonly ContentId[], void, undefined> {
    for (let ids = await listContentIds(this.layout, undefined, idsOfPage); ids.length > 0; ids = await listContentIds(this.layout, ids.at(-1), idsOfPage)) {
      yield ids;
    }
  }

  /** Calls `onStored` for each content that was stored, also if it was here before, until the function that it returns is called. */
  watch(onStored: (id: ContentId) => void): () => void {
    this.watchers.add(onStored);
    return () => this.watchers.delete(onStored);
  }

  async usage(): Promise<StorageUsage> {
    const { bavail, blocks, bsize } = await statfs(this.dir);
    return { availableBytes: bavail * bsize, capacityBytes: blocks * bsize, ...(await this.uploads.usage()), ...(await this.partialFiles.usage()) };
  }

  async close(): Promise<void> {
    await this.batches?.close();
    await this.glance.close();
    await this.partialFiles.close();
    await this.pool.close();
  }

  private tellNew(id: ContentId): void {
    for (const tell of this.watchers) tell(id);
  }

  private readonly hashFile = async (file: FileHandle, sizeBytes: number, signal?: AbortSignal): Promise<string> =>
    (await this.digest(file, sizeBytes, { chunked: false, signal })).sha1;

  /** Where the index has lost the manifest of a large file, it is found again on the way. */
  private readonly checkContent = async (id: ContentId, file: FileHandle, sizeBytes: number): Promise<boolean> => {
    const chunked = hasManifest(sizeBytes) && (await this.index.manifestOf(id)) === undefined;
    const { sha1, chunkSha1s } = await this.digest(file, sizeBytes, { chunked });
    if (sha1 !== id) return false;
    // The content is good all the same where there is no room for its manifest.
    if (chunked) await this.writer.storeManifest(id, sizeBytes, chunkSha1s).catch(() => undefined);
    return true;
  };

  private async digest(file: FileHandle, sizeBytes: number, { chunked, signal }: { chunked: boolean; signal?: AbortSignal | undefined }): Promise<Digest> {
    return digestRange(this.pool, file, { start: 0, end: sizeBytes }, { chunked, signal });
  }

  private async storedFile(id: ContentId, sizeBytes: number): Promise<StoredFile> {
    const manifestId = hasManifest(sizeBytes) ? await this.index.manifestOf(id) : undefined;
    return { id, sizeBytes, location: 'stored', path: this.layout.contentPath(id), ...(manifestId && { manifestId }) };
  }

  private storeSource(source: SourceFile, options: WorkOptions): Promise<StoreResult> {
    if (!this.knownIntake) return this.intake.store(source, options);
    return this.knownIntake.storeSource(source, ({ chunked }) => this.digest(source.handle, source.sizeBytes, { chunked, signal: options.signal }));
  }

  /** Of a directory that can only be read, a part may be writable, or missing: the write would fail for a reason that explains nothing. */
  private requireWritable(): void {
    if (this.unwritable) throw this.unwritable;
  }

  private async require(id: ContentId): Promise<StoredFile> {
    const file = await this.find(id);
    if (!file) throw notHere(id);
    return file;
  }

  private async readUnclear(id: ContentId): Promise<Buffer | KacheryError | undefined> {
    try {
      return await this.readWhole(id, limits.maxSmallFileBytes);
    } catch (error) {
      if (isKacheryError(error, 'file-not-found')) return undefined;
      if (error instanceof KacheryError) return error;
      throw error;
    }
  }

  private async recover(): Promise<void> {
    await this.batches?.recover();
    await this.uploads.sweep();
    await this.partialFiles.sweep();
  }

  private async storeOneByOne(contents: readonly Uint8Array[]): Promise<(StoreResult | KacheryError)[]> {
    const results: (StoreResult | KacheryError)[] = [];
    for (const bytes of contents) {
      try {
        results.push(await (this.knownIntake ?? this.writer).storeBytes(bytes));
      } catch (error) {
        if (!(error instanceof KacheryError)) throw error;
        results.push(error);
      }
    }
    return results;
  }

  private async isHere(id: ContentId): Promise<boolean> {
    return (await this.findIntact(id)) !== undefined;
  }

  async findIntact(id: ContentId): Promise<StoredFile | undefined> {
    try {
      const file = await this.find(id);
      if (file?.location !== 'stored') return file;
      return (await this.reader.isIntact(file)) ? await this.storedFile(id, file.sizeBytes) : undefined;
    } catch (error) {
      if (isAsGoodAsNone(error) || isKacheryError(error, 'file-not-found')) return undefined;
      throw error;
    }
  }

  private async findStored(id: ContentId): Promise<StoredFile | undefined> {
    const file = await this.findIntact(id);
    return file?.location === 'stored' ? file : undefined;
  }

  private async *allIds(): AsyncGenerator<ContentId, void, undefined> {
    const page = 1_000;
    let ids = await listContentIds(this.layout, undefined, page);
    while (ids.length > 0) {
      yield* ids;
      ids = await listContentIds(this.layout, ids.at(-1), page);
    }
  }
}

function notHere(id: ContentId): KacheryError {
  return new KacheryError('file-not-found', `sha1://${id} is not on this node.`, { uri: `sha1://${id}` });
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw localFileFailure(error, path);
  }
}

async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
