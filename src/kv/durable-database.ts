import { Level } from 'level';
import { mkdir, statfs } from 'node:fs/promises';

import { KacheryError } from '../core/failure.js';
import { databaseFailure, levelCodeOf } from './database-failure.js';
import { databaseInUse } from './database-in-use.js';
import { keyBefore, type KeyRange } from './key-range.js';

/** One change of a database: a value for a key, or undefined to remove it. */
export interface DatabaseChange {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** How a range is read. */
export interface PageOptions {
  /** How many entries at most, in all. */
  readonly limit?: number;
}

/** An iterator of level. */
interface Reading<Item> {
  nextv(size: number): Promise<Item[]>;
  seek(target: Buffer): void;
  close(): Promise<void>;
}

/** A key and its value. */
export type DatabaseEntry = readonly [key: Buffer, value: Buffer];

const encoding = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
const blockCacheBytes = 8 * 1024 * 1024;
/** Level maps the table files that it has open into memory, 64 of them at least, each as large as this or as what was written at once. */
const tableFileBytes = 1024 * 1024;
const writeBufferBytes = 1024 * 1024;
const openFiles = 42;
/** So few keys are looked up faster than a thread is asked to do it; what is looked up for a write is in level's memory, mostly. */
const maxSyncKeys = 8;
const pageEntries = 256;
/** What is read page by page leaves the cache to what is looked up. */
const scanning = { highWaterMarkBytes: 256 * 1024, fillCache: false } as const;
/** Room on the disk with which a database that could not be written is tried again. */
const reopenBytes = 32 * 1024 * 1024;

/**
 * A level database whose content must not be lost. Fails with `disk-full`, `storage-not-writable`, and `content-corrupt` for damage, which it never throws
 * away.
 */
export class DurableDatabase {
  /** Settles when a database that could not be written is open again; until then nobody may touch it. */
  private reopening: Promise<void> = Promise.resolve();
  private isDoubtful = false;
  private isClosed = false;

  private constructor(
    private readonly dir: string,
    private readonly level: Level<Buffer, Buffer>,
  ) {}

  /**
   * Opens, or makes, a database; it is locked for as long as it is open. `whoHasIt` tells, for a message, who has it open already. Fails with `already-running`
   * in that case.
   */
  static async open(dir: string, whoHasIt: () => Promise<string | undefined>): Promise<DurableDatabase> {
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const sizes = { cacheSize: blockCacheBytes, writeBufferSize: writeBufferBytes, maxFileSize: tableFileBytes, maxOpenFiles: openFiles };
      const level = new Level<Buffer, Buffer>(dir, { ...encoding, ...sizes });
      await level.open();
      return new DurableDatabase(dir, level);
    } catch (error) {
      throw levelCodeOf(error) === 'LEVEL_LOCKED' ? databaseInUse(dir, await whoHasIt(), error) : databaseFailure(error, dir, 'be opened');
    }
  }

  /** The values of keys, in their order; undefined where there is none. */
  async getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    await this.reopening;
    if (keys.length > maxSyncKeys) return this.attempt('be read', () => this.level.getMany([...keys], encoding));
    return this.attempt('be read', async () => keys.map((key) => this.level.getSync(key, encoding)));
  }

  /** The value of a key, or undefined. */
  async get(key: Buffer): Promise<Buffer | undefined> {
    return (await this.getMany([key]))[0];
  }

  /** The last key of a range that has a value, or undefined. */
  async lastKey(range: KeyRange): Promise<Buffer | undefined> {
    await this.reopening;
    return this.attempt('be read', async () => (await this.level.keys({ ...encoding, ...range, reverse: true, limit: 1 }).all())[0]);
  }

  /** The entries of a range, some at a time, as they were when the reading began. */
  async *pages(range: KeyRange, { limit = Infinity }: PageOptions = {}): AsyncGenerator<DatabaseEntry[], void, undefined> {
    await this.reopening;
    yield* this.readAll(this.level.iterator({ ...encoding, ...range, ...scanning }), range, limit);
  }

  /** The values of a range, some at a time, as they were when the reading began; faster than `pages`. */
  async *valuePages(range: KeyRange): AsyncGenerator<Buffer[], void, undefined> {
    await this.reopening;
    yield* this.readAll(this.level.values({ ...encoding, ...range, ...scanning }), range, Infinity);
  }

  /** Makes all changes or none; they are on disk when it resolves. After a failure the database is as before, or has all changes when it is opened again. */
  async commit(changes: readonly DatabaseChange[]): Promise<void> {
    await this.reopening;
    if (this.isDoubtful) {
      const reopened = this.reopen();
      this.reopening = reopened.catch(() => undefined);
      await reopened;
    }
    const operations = changes.map(({ key, value }) => (value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value }));
    try {
      await this.level.batch(operations, { ...encoding, sync: true });
    } catch (error) {
      this.isDoubtful = true;
      throw databaseFailure(error, this.dir, 'be written');
    }
  }

  /** Removes the keys of a range, some of them if it is interrupted; not synced. */
  async clear(range: KeyRange): Promise<void> {
    await this.reopening;
    await this.attempt('be written', () => this.level.clear({ ...encoding, ...range }));
  }

  /** Closes it. May be called again. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.reopening;
    await this.level.close();
  }

  private async *readAll<Item>(reading: Reading<Item>, { lt }: KeyRange, limit: number): AsyncGenerator<Item[], void, undefined> {
    let isAtEnd = false;
    try {
      for (let rest = limit; rest > 0 && !isAtEnd;) {
        const page = await this.attempt('be read', () => reading.nextv(Math.min(rest, pageEntries)));
        isAtEnd = page.length === 0;
        rest -= page.length;
        if (!isAtEnd) yield page;
      }
    } finally {
      await dropLastPage(reading, isAtEnd ? keyBefore(lt) : undefined).catch(() => undefined);
      await reading.close();
    }
  }

  /** What follows a torn record in level's log could be lost, so after a failure it begins a new log, by being opened again. */
  private async reopen(): Promise<void> {
    const { bavail, bsize } = await statfs(this.dir);
    if (bavail * bsize < reopenBytes) {
      throw new KacheryError('disk-full', `The database ${this.dir} cannot be written: its disk is full. Free some space on the disk.`, { path: this.dir });
    }
    try {
      await this.level.close();
      await this.level.open();
      this.isDoubtful = false;
    } catch (error) {
      throw databaseFailure(error, this.dir, 'be opened again');
    }
  }

  private async attempt<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (this.isClosed) throw new KacheryError('daemon-stopping', 'The daemon is stopping. Try again when it runs.', {}, { cause: error });
      if (String(levelCodeOf(error)).endsWith('_NOT_OPEN')) throw openedAgain(this.dir, error);
      throw databaseFailure(error, this.dir, what);
    }
  }
}

/**
 * Reads one entry or none, in place of the page that was read last: level's native iterator keeps that until the garbage collector finds it, closed as it is, and
 * nobody tells the collector how much memory it holds.
 *
 * @param end A key at the end of what was read, if that is all there is: level has to look for it, which it does at once and here, but it was there just now.
 */
async function dropLastPage(reading: Reading<unknown>, end: Buffer | undefined): Promise<void> {
  if (end) reading.seek(end);
  await reading.nextv(1);
}

function openedAgain(dir: string, cause: unknown): KacheryError {
  return new KacheryError('too-busy', `The database ${dir} was opened again, for it could not be written. Try again.`, { limit: '0' }, { cause });
}
