import { readdir } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { KacheryError } from '../../core/failure.js';
import { type StorageLayout } from '../layout.js';
import { storageFailure } from '../system-failure.js';
import { type BatchEntry, encodeBatch } from './batch-image.js';

/** From the main thread to the batch worker. */
export type BatchOrder =
  | { readonly kind: 'store'; readonly number: number; readonly image: Uint8Array }
  | { readonly kind: 'settle'; readonly number: number; readonly check: boolean };

/** From the batch worker to the main thread. */
export type BatchReport =
  | { readonly kind: 'stored'; readonly number: number; readonly wasThere: readonly boolean[] }
  | { readonly kind: 'settled'; readonly number: number }
  | { readonly kind: 'failed'; readonly number: number; readonly code: string; readonly message: string };

/** How long no batch comes before what is there is settled. */
const settleDelayMs = 2_000;
/** What is settled while batches keep coming. */
const maxUnsettledBytes = 64 * 1024 * 1024;

/** Stores a daemon's batches of small files in a worker thread; see batch-worker.ts for how they become durable. */
export class BatchStore {
  private worker: Worker | undefined;
  private lastNumber = 0;
  private settleTimer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private unsettledBytes = 0;
  private settling: Promise<void> | undefined;
  private readonly pending = new Map<number, { resolve: (report: BatchReport) => void; reject: (error: Error) => void }>();

  constructor(private readonly layout: StorageLayout) {}

  /** Settles what an earlier run left. */
  async recover(): Promise<void> {
    const names = await readdir(this.layout.journalDir);
    if (names.some((name) => name.endsWith('.batch'))) await this.order({ kind: 'settle', check: true });
  }

  /** Stores contents whose hashes are known; durable when it resolves. Tells which were there before. */
  async store(entries: readonly BatchEntry[]): Promise<readonly boolean[]> {
    if (this.isClosed) throw new KacheryError('daemon-stopping', 'The store is being closed. Try again when the daemon runs.');
    clearTimeout(this.settleTimer);
    const image = encodeBatch(entries);
    this.unsettledBytes += image.byteLength;
    try {
      const report = await this.order({ kind: 'store', image });
      return report.kind === 'stored' ? report.wasThere : [];
    } catch (error) {
      throw storageFailure(error, this.layout.dir);
    } finally {
      this.settleLater();
    }
  }

  /** Settles what is not settled yet; resolves when no journal holds what was stored before. */
  async settle(): Promise<void> {
    clearTimeout(this.settleTimer);
    await this.settling?.catch(() => undefined);
    if (this.unsettledBytes > 0) {
      this.settling ??= this.settleNow().finally(() => {
        this.settling = undefined;
      });
    }
    await this.settling;
  }

  /** Ends the thread. A batch under way fails; what is not settled is settled at the next start. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.settleTimer);
    await this.worker?.terminate();
  }

  private async settleNow(): Promise<void> {
    const settlingBytes = this.unsettledBytes;
    this.unsettledBytes = 0;
    try {
      await this.order({ kind: 'settle', check: false });
    } catch (error) {
      // The journals are still there, for the next time.
      this.unsettledBytes += settlingBytes;
      throw storageFailure(error, this.layout.dir);
    }
  }

  private settleLater(): void {
    clearTimeout(this.settleTimer);
    if (this.isClosed) return;
    if (this.unsettledBytes > maxUnsettledBytes) this.settle().catch(() => undefined);
    this.settleTimer = setTimeout(() => {
      this.settle().catch(() => undefined);
    }, settleDelayMs);
    this.settleTimer.unref();
  }

  private order(order: { kind: 'store'; image: Uint8Array } | { kind: 'settle'; check: boolean }): Promise<BatchReport> {
    const number = ++this.lastNumber;
    const worker = this.running();
    return new Promise((resolve, reject) => {
      this.pending.set(number, { resolve, reject });
      worker.ref();
      worker.postMessage({ ...order, number } satisfies BatchOrder, order.kind === 'store' ? [order.image.buffer as ArrayBuffer] : []);
    });
  }

  private running(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL('./batch-worker.js', import.meta.url), {
      workerData: { dir: this.layout.dir },
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
    worker.on('message', (report: BatchReport) => {
      this.hear(report);
    });
    worker.on('error', (error) => {
      this.lose(error);
    });
    worker.on('exit', () => {
      this.lose(new KacheryError('daemon-stopping', 'The store was closed while a batch was being stored. Store it again.'));
    });
    this.worker = worker;
    return worker;
  }

  private hear(report: BatchReport): void {
    const pending = this.pending.get(report.number);
    this.pending.delete(report.number);
    if (this.pending.size === 0) this.worker?.unref();
    if (report.kind === 'failed') pending?.reject(Object.assign(new Error(report.message), { code: report.code }));
    else pending?.resolve(report);
  }

  private lose(error: Error): void {
    this.worker = undefined;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
