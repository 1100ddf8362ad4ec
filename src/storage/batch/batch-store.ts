import { readdir } from 'node:fs/promises';
import { KacheryError } from '../../core/failure.js';
import { type StorageLayout } from '../layout.js';
import { OrderThread } from '../order-thread.js';
import { storageFailure } from '../system-failure.js';
import { type BatchEntry, encodeBatch } from './batch-image.js';

/** From the main thread to the batch worker. */
export type BatchOrder = { readonly kind: 'store'; readonly image: Uint8Array<ArrayBuffer> } | { readonly kind: 'settle'; readonly check: boolean };

/** From the batch worker to the main thread: of a batch, which contents were there before, and its image for the next one. */
export type BatchReport =
  { readonly kind: 'stored'; readonly wasThere: readonly boolean[]; readonly image: Uint8Array<ArrayBuffer> } | { readonly kind: 'settled' };

/** How long no batch comes before what is there is settled. */
const settleDelayMs = 2_000;
/** What is settled while batches keep coming. */
const maxUnsettledBytes = 64 * 1024 * 1024;

/** Batches that are stored one behind the other as a rule. */
const maxSpares = 2;

/** Stores a daemon's batches of small files in a worker thread; see batch-worker.ts for how they become durable. */
export class BatchStore {
  private readonly thread: OrderThread<BatchOrder, BatchReport>;
  private settleTimer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private unsettledBytes = 0;
  private settling: Promise<void> | undefined;
  /** Buffers of images, to be used again: as garbage they would pile up in both threads. */
  private spares: ArrayBuffer[] = [];

  constructor(private readonly layout: StorageLayout) {
    this.thread = new OrderThread(new URL('./batch-worker.js', import.meta.url), {
      workerData: { dir: layout.dir },
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
  }

  /** Settles what an earlier run left. */
  async recover(): Promise<void> {
    const names = await readdir(this.layout.journalDir);
    if (names.some((name) => name.endsWith('.batch'))) await this.thread.order({ kind: 'settle', check: true });
  }

  /** Stores contents whose hashes are known; durable when it resolves. Tells which were there before. */
  async store(entries: readonly BatchEntry[]): Promise<readonly boolean[]> {
    if (this.isClosed) throw new KacheryError('daemon-stopping', 'The store is being closed. Try again when the daemon runs.');
    clearTimeout(this.settleTimer);
    const image = encodeBatch(entries, this.spares.pop());
    this.unsettledBytes += image.byteLength;
    try {
      const report = await this.thread.order({ kind: 'store', image }, [image.buffer]);
      if (report.kind !== 'stored') return [];
      if (this.spares.length < maxSpares) this.spares.push(report.image.buffer);
      return report.wasThere;
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
    await this.thread.close();
  }

  private async settleNow(): Promise<void> {
    const settlingBytes = this.unsettledBytes;
    this.unsettledBytes = 0;
    this.spares = [];
    try {
      await this.thread.order({ kind: 'settle', check: false });
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
}
