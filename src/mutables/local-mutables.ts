import { canonicalJson } from '../core/canonical-json.js';
import { type Clock } from '../core/clock.js';
import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { inexactWholeNumber } from '../core/inexact-whole-number.js';
import { type Page } from '../core/page.js';
import { DurableDatabase } from '../kv/durable-database.js';
import { GroupCommit, type TransactionView } from '../kv/group-commit.js';
import { keyBehindPrefix, keysWithPrefix } from '../kv/key-range.js';
import { readPage } from '../kv/read-page.js';
import { MutableChanges } from './mutable-changes.js';
import { decodeMutable, encodeMutable, lastVersionKey, mutableDatabaseKey } from './mutable-record.js';
import { type MutableChange, type MutableEntry, type MutableExpectation, type MutableKey, type MutableStore } from './mutable-store.js';

const overheadBytes = 1_000;
const existingPerPage = 100;

/** The mutables of this machine's node, in a database of their own. */
export class LocalMutables implements MutableStore {
  private readonly writes: GroupCommit;
  private readonly changes = new MutableChanges();

  private constructor(
    private readonly database: DurableDatabase,
    private readonly clock: Clock,
  ) {
    this.writes = new GroupCommit(database);
  }

  /** Opens the mutables in a folder, or makes it. Must be closed. Fails with `already-running`, `content-corrupt`, `storage-not-writable` and `disk-full`. */
  static async open(dir: string, clock: Clock, whoHasIt: () => Promise<string | undefined>): Promise<LocalMutables> {
    return new LocalMutables(await DurableDatabase.open(dir, whoHasIt), clock);
  }

  async get(key: MutableKey): Promise<MutableEntry> {
    return requireEntry(key, await this.find(key));
  }

  set(key: MutableKey, valueJson: string, expectation?: MutableExpectation): Promise<MutableEntry> {
    return this.change(key, valueJson.length, (view, before) => {
      checkExpectation(key, before, expectation);
      const entry = { key, valueJson, version: nextVersion(view), updatedAtMs: Math.floor(this.clock.now()) };
      view.put(mutableDatabaseKey(key), encodeMutable(entry));
      return entry;
    });
  }

  delete(key: MutableKey, expectation?: MutableExpectation): Promise<void> {
    return this.change(key, 0, (view, before) => {
      checkExpectation(key, requireEntry(key, before), expectation);
      nextVersion(view);
      view.delete(mutableDatabaseKey(key));
    });
  }

  list(prefix: string, after: MutableKey | undefined, count: number): Promise<Page<MutableEntry>> {
    const all = keysWithPrefix(mutableDatabaseKey(prefix));
    const range = after === undefined ? all : { ...all, gte: keyBehind(mutableDatabaseKey(after)) };
    return readPage(this.database, range, count, decodeMutable);
  }

  async *watch(
    prefix: string,
    { withExisting, signal }: { readonly withExisting: boolean; readonly signal: AbortSignal },
  ): AsyncGenerator<MutableChange, void, undefined> {
    const changed = this.changes.listen(prefix);
    try {
      if (withExisting) for await (const entry of this.existing(prefix)) yield { kind: 'set', entry };
      for (let key = await changed.next(signal); key !== undefined; key = await changed.next(signal)) {
        const entry = await this.find(key);
        yield entry ? { kind: 'set', entry } : { kind: 'deleted', key };
      }
    } finally {
      changed.close();
    }
  }

  /** Finishes what is being written, and closes the database. May be called again. */
  async close(): Promise<void> {
    await this.writes.settle();
    await this.database.close();
  }

  private async find(key: MutableKey): Promise<MutableEntry | undefined> {
    const databaseKey = mutableDatabaseKey(key);
    const value = await this.database.get(databaseKey);
    return value && decodeMutable(databaseKey, value);
  }

  private async *existing(prefix: string): AsyncGenerator<MutableEntry, void, undefined> {
    let after: MutableKey | undefined;
    for (let hasMore = true; hasMore;) {
      const page = await this.list(prefix, after, existingPerPage);
      yield* page.items;
      after = page.items.at(-1)?.key;
      hasMore = page.hasMore;
    }
  }

  private change<Result>(key: MutableKey, valueBytes: number, apply: (view: TransactionView, before: MutableEntry | undefined) => Result): Promise<Result> {
    const databaseKey = mutableDatabaseKey(key);
    return this.writes.run({
      keys: [databaseKey, lastVersionKey],
      sizeBytes: overheadBytes + valueBytes,
      apply: (view) => {
        const before = view.get(databaseKey);
        return apply(view, before && decodeMutable(databaseKey, before));
      },
      committed: () => {
        this.changes.tell(key);
      },
    });
  }
}

function nextVersion(view: TransactionView): number {
  const version = Number(view.get(lastVersionKey)?.toString() ?? '0') + 1;
  view.put(lastVersionKey, Buffer.from(String(version)));
  return version;
}

/** The first key behind this one: keys of mutables are text, so none begins with another and a zero byte. */
function keyBehind(databaseKey: Buffer): Buffer {
  return keyBehindPrefix(Buffer.concat([databaseKey, Buffer.alloc(1)]));
}

function checkExpectation(key: MutableKey, before: MutableEntry | undefined, expectation: MutableExpectation | undefined): void {
  if (expectation === undefined || isAsExpected(before, expectation)) return;
  const problem = before ? `it has the version ${String(before.version)}` : 'it has no value';
  throw new KacheryError('mutable-conflict', `The mutable ${quoted(key)} is not what was expected: ${problem}. Read it, and decide anew.`, {
    key: key.slice(0, 200),
  });
}

function isAsExpected(before: MutableEntry | undefined, expectation: MutableExpectation): boolean {
  switch (expectation.kind) {
    case 'absent':
      return before === undefined;
    case 'value':
      return before !== undefined && isValue(before.valueJson, expectation.canonical);
    case 'version':
      return before?.version === expectation.version;
  }
}

/** A value with a whole number that no double can hold is none that can be expected. */
function isValue(valueJson: string, canonical: string): boolean {
  return inexactWholeNumber(valueJson) === undefined && canonicalJson(JSON.parse(valueJson)) === canonical;
}

function requireEntry(key: MutableKey, entry: MutableEntry | undefined): MutableEntry {
  if (entry) return entry;
  throw new KacheryError('mutable-not-found', `The mutable ${quoted(key)} has no value. Check the key.`, { key: key.slice(0, 200) });
}
