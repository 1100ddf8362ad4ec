import { setImmediate as turn } from 'node:timers/promises';

import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type DatabaseChange, type DurableDatabase } from './durable-database.js';

/** What a transaction sees and does: its own keys, with what earlier transactions of its group have done. */
export interface TransactionView {
  /** The value of one of the transaction's keys, or undefined. */
  get(key: Buffer): Buffer | undefined;
  put(key: Buffer, value: Buffer): void;
  delete(key: Buffer): void;
}

/** Something to be done to a database, all or none of it. */
export interface Transaction<Result> {
  /** The keys that `apply` reads. */
  readonly keys: readonly Buffer[];
  /** Bytes that it holds in memory, about. */
  readonly sizeBytes: number;
  /** Makes its changes, without a wait. What it throws is what the caller gets, and nothing is changed then. */
  apply(view: TransactionView): Result;
  /** Hears, in the order of the transactions and before the caller does, that it is on disk. */
  committed?(result: Result): void;
}

interface Waiting {
  readonly transaction: Transaction<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const maxGroupBytes = 16 * 1024 * 1024;
const maxTurnMs = 10;

/**
 * Applies transactions to a database one after another, in the order in which they came, and writes all that came while the disk was busy with one sync. A
 * caller hears of the result, also of a refusal, when everything that it builds on is on disk. The only writer of its keys.
 */
export class GroupCommit {
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private working: Promise<void> | undefined;

  constructor(private readonly database: DurableDatabase) {}

  /** Resolves with what `apply` gives once it is on disk. Fails as `apply`, as the database, and with `too-busy` if too much waits to be written. */
  run<Result>(transaction: Transaction<Result>): Promise<Result> {
    if (this.waitingBytes + transaction.sizeBytes > limits.maxWaitingWriteBytes) return Promise.reject(tooBusy());
    this.waitingBytes += transaction.sizeBytes;
    return new Promise<unknown>((resolve, reject) => {
      this.waiting.push({ transaction, resolve, reject });
      this.working ??= this.work();
    }) as Promise<Result>;
  }

  /** Resolves when nothing waits any more. */
  async settle(): Promise<void> {
    while (this.working) await this.working;
  }

  private async work(): Promise<void> {
    // What comes in the same turn goes into the first group.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.takeGroup();
      await this.commitGroup(group);
    }
    this.working = undefined;
  }

  private takeGroup(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < this.waiting.length && bytes < maxGroupBytes; count++) bytes += this.waiting[count]?.transaction.sizeBytes ?? 0;
    return this.waiting.splice(0, count);
  }

  private async commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const changes = new GroupChanges(await this.valuesOf(group));
      const settlements = await applyAll(group, changes);
      const list = changes.list();
      if (list.length > 0) await this.database.commit(list);
      for (const settle of settlements) settle();
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      for (const { transaction } of group) this.waitingBytes -= transaction.sizeBytes;
    }
  }

  private async valuesOf(group: readonly Waiting[]): Promise<Map<string, Buffer | undefined>> {
    const keys = new Map(group.flatMap(({ transaction }) => transaction.keys.map((key) => [nameOf(key), key] as const)));
    const values = await this.database.getMany([...keys.values()]);
    return new Map([...keys.keys()].map((name, index) => [name, values[index]]));
  }
}

async function applyAll(group: readonly Waiting[], changes: GroupChanges): Promise<(() => void)[]> {
  const settlements: (() => void)[] = [];
  let turnedAtMs = performance.now();
  for (const { transaction, resolve, reject } of group) {
    try {
      const result = changes.apply(transaction);
      settlements.push(() => {
        transaction.committed?.(result);
        resolve(result);
      });
    } catch (error) {
      settlements.push(() => {
        reject(error);
      });
    }
    if (performance.now() - turnedAtMs < maxTurnMs) continue;
    await turn();
    turnedAtMs = performance.now();
  }
  return settlements;
}

/** What the transactions of a group have changed so far. */
class GroupChanges {
  private readonly changed = new Map<string, DatabaseChange>();

  constructor(private readonly values: Map<string, Buffer | undefined>) {}

  /** Applies a transaction whole or, if it throws, not at all. */
  apply<Result>(transaction: Transaction<Result>): Result {
    const own: DatabaseChange[] = [];
    const result = transaction.apply({
      get: (key) => this.values.get(nameOf(key)),
      put: (key, value) => void own.push({ key, value }),
      delete: (key) => void own.push({ key, value: undefined }),
    });
    for (const change of own) {
      const name = nameOf(change.key);
      this.values.set(name, change.value);
      this.changed.set(name, change);
    }
    return result;
  }

  list(): DatabaseChange[] {
    return [...this.changed.values()];
  }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1');
}

function tooBusy(): KacheryError {
  const limit = String(limits.maxWaitingWriteBytes);
  return new KacheryError('too-busy', `More than ${limit} bytes wait to be written to disk already. Send less at a time, or try again in a while.`, { limit });
}
