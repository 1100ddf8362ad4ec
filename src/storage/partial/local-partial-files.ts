import { chmod, type FileHandle, mkdir, open, readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { type Clock } from '../../core/clock.js';
import { type ContentId, isContentId } from '../../core/content-id.js';
import { limits } from '../../core/limits.js';
import { type FileIdentity } from '../content-index.js';
import { type ContentWriter } from '../content-writer.js';
import { fileIdentity } from '../file-identity.js';
import { IntakePool } from '../intake/intake-pool.js';
import { type StorageLayout } from '../layout.js';
import { storageFailure } from '../system-failure.js';
import { type ChunkLayout } from './chunk-layout.js';
import { LocalPartialFile } from './local-partial-file.js';
import { type PartialFile, type PartialFiles } from './partial-files.js';
import { PartialRecord, readPartialRecord, type RecordedState } from './partial-record.js';

/** What other nodes sent of a file may be for the owner's eyes only, as long as it is not stored. */
const partMode = 0o600;
const sweepIntervalMs = 24 * 60 * 60 * 1000;
/** Contents whose verified chunks are remembered while nobody uses them. */
const maxRemembered = 1_000;

/** Chunks that this process has verified, and the state of the file that they are in. */
interface VerifiedChunks {
  readonly identity: FileIdentity;
  readonly chunks: ReadonlySet<number>;
}

/** The partial files of a storage directory: `<sha1>.part` has the bytes in their places, `<sha1>.record` what is known of them. */
export class LocalPartialFiles implements PartialFiles {
  /** Those in use, and when they are free again. */
  private readonly users = new Map<ContentId, Promise<void>>();
  private readonly remembered = new Map<ContentId, VerifiedChunks>();
  private readonly opened = new Set<LocalPartialFile>();
  private readonly wholePool = new IntakePool();
  private sweeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly layout: StorageLayout,
    private readonly parts: { readonly writer: ContentWriter; readonly pool: IntakePool; readonly clock: Clock },
  ) {}

  async open(id: ContentId): Promise<PartialFile | undefined> {
    return this.use(id, async (release) => {
      const state = await this.readState(id);
      if (!state) return undefined;
      const path = this.partPath(id);
      // It is read-only if a crash came between its last byte and its place in the store.
      if (((await stat(path)).mode & 0o777) !== partMode) await chmod(path, partMode);
      const file = await open(path, 'r+');
      const identity = fileIdentity(await file.stat({ bigint: true }));
      const remembered = this.remembered.get(id);
      const record = await closeUnless(file, () => this.reopenRecord(id));
      return this.partialFile(id, { file, record, state, release, verified: remembered?.identity === identity ? remembered.chunks : new Set() });
    });
  }

  async create(id: ContentId, layout: ChunkLayout): Promise<PartialFile> {
    return this.use(id, async (release) => {
      await this.remove(id);
      await mkdir(this.layout.partialDir, { recursive: true, mode: 0o700 });
      const file = await open(this.partPath(id), 'wx+', partMode);
      const record = await closeUnless(file, async () => {
        await file.truncate(layout.sizeBytes);
        return PartialRecord.create(this.recordPath(id), id, layout);
      });
      return this.partialFile(id, { file, record, state: { layout, verified: new Set(), filled: [] }, release, verified: new Set() });
    });
  }

  /** Removes what nobody has used for limits.keptPartialMs, what is half there, and what is stored as a whole; begins to do so daily. */
  async sweep(): Promise<void> {
    this.sweeping ??= setInterval(() => void this.sweep().catch(() => undefined), sweepIntervalMs).unref();
    for (const id of await this.ids()) {
      if (this.users.has(id)) continue;
      const [part, record, stored] = await Promise.all([mtimeOf(this.partPath(id)), mtimeOf(this.recordPath(id)), mtimeOf(this.layout.contentPath(id))]);
      const isKept = part !== undefined && record !== undefined && stored === undefined && record >= this.parts.clock.now() - limits.keptPartialMs;
      if (!isKept && !this.users.has(id)) await this.remove(id);
    }
  }

  /** How many partial files there are, and the bytes that they take on disk. */
  async usage(): Promise<{ partialFiles: number; partialBytes: number }> {
    const ids = await this.ids();
    let partialBytes = 0;
    for (const id of ids)
      partialBytes += await stat(this.partPath(id)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
    return { partialFiles: ids.length, partialBytes };
  }

  /** Closes those in use, and ends the threads. */
  async close(): Promise<void> {
    clearInterval(this.sweeping);
    await Promise.all([...this.opened].map((file) => file.close()));
    await Promise.all(this.users.values());
    await this.wholePool.close();
  }

  /** Waits until nobody else uses the content; `release` ends its use, as does a failure, or that there is nothing to use. */
  private async use<Result extends PartialFile | undefined>(id: ContentId, work: (release: () => void) => Promise<Result>): Promise<Result> {
    for (let other = this.users.get(id); other; other = this.users.get(id)) await other;
    let tellFree = (): void => undefined;
    const free = new Promise<void>((resolve) => {
      tellFree = resolve;
    });
    this.users.set(id, free);
    const release = (): void => {
      this.users.delete(id);
      tellFree();
    };
    try {
      const file = await work(release);
      if (!file) release();
      return file;
    } catch (error) {
      release();
      throw storageFailure(error, this.layout.dir);
    }
  }

  private async readState(id: ContentId): Promise<RecordedState | undefined> {
    const state = await readPartialRecord(this.recordPath(id), id);
    const { size } = await stat(this.partPath(id)).catch(() => ({ size: -1 }));
    if (size === state?.layout.sizeBytes) return state;
    await this.remove(id);
    return undefined;
  }

  private async reopenRecord(id: ContentId): Promise<PartialRecord> {
    const now = new Date(this.parts.clock.now());
    await utimes(this.recordPath(id), now, now);
    return PartialRecord.open(this.recordPath(id));
  }

  private partialFile(
    id: ContentId,
    opened: { file: FileHandle; record: PartialRecord; state: RecordedState; verified: ReadonlySet<number>; release: () => void },
  ): PartialFile {
    const { file, record, release } = opened;
    const partial = new LocalPartialFile(
      id,
      {
        ...this.parts,
        wholePool: this.wholePool,
        dir: this.layout.dir,
        path: this.partPath(id),
        contentPath: this.layout.contentPath(id),
        recordPath: this.recordPath(id),
        file,
        record,
        roomBytes: () => Math.min(limits.maxPartialWriteBytes, limits.maxPartialWritesBytes / this.opened.size),
        onClosed: async (verified) => {
          this.opened.delete(partial);
          await this.remember(id, verified);
          release();
        },
      },
      opened.state,
      opened.verified,
    );
    this.opened.add(partial);
    return partial;
  }

  private async remember(id: ContentId, chunks: ReadonlySet<number>): Promise<void> {
    this.remembered.delete(id);
    const stats = await stat(this.partPath(id), { bigint: true }).catch(() => undefined);
    if (stats && chunks.size > 0) this.remembered.set(id, { identity: fileIdentity(stats), chunks });
    for (const oldest of this.remembered.keys()) if (this.remembered.size > maxRemembered) this.remembered.delete(oldest);
  }

  private async ids(): Promise<ContentId[]> {
    const names = await readdir(this.layout.partialDir).catch(() => []);
    return [...new Set(names.map((name) => name.replace(/\.(part|record)$/, '')))].filter(isContentId);
  }

  private async remove(id: ContentId): Promise<void> {
    for (const path of [this.recordPath(id), this.partPath(id)]) await unlink(path).catch(() => undefined);
  }

  private partPath(id: ContentId): string {
    return join(this.layout.partialDir, `${id}.part`);
  }

  private recordPath(id: ContentId): string {
    return join(this.layout.partialDir, `${id}.record`);
  }
}

/** Closes a file if the work that it was opened for fails. */
async function closeUnless<T>(file: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function mtimeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
