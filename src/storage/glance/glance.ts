import { throwIfCancelled } from '../../core/cancellation.js';
import { type ContentId } from '../../core/content-id.js';
import { type StorageLayout } from '../layout.js';
import { OrderThread } from '../order-thread.js';
import { absent, type GlanceOrder, type GlanceReport, unclear } from './glance-protocol.js';

/** Files of one order: how long others wait for it. */
const filesInOrder = 128;

/** What is seen at once of a file: `there` (what was asked of it), that it is absent, or that it has to be looked at in the usual way. */
export type Seen<There> = There | 'absent' | 'unclear';

/** Looks at many files of a store at once, in a worker thread. See glance-worker.ts. */
export class Glance {
  private readonly thread: OrderThread<GlanceOrder, GlanceReport>;

  constructor(layout: StorageLayout) {
    this.thread = new OrderThread(new URL('./glance-worker.js', import.meta.url), {
      workerData: { dir: layout.dir },
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
  }

  /** Bytes of each stored file, in the order of `ids`. Fails with `cancelled`. */
  async sizes(ids: readonly ContentId[], signal: AbortSignal | undefined): Promise<Seen<number>[]> {
    const all: Seen<number>[] = [];
    while (all.length < ids.length) {
      throwIfCancelled(signal);
      const { sizes } = await this.thread.order({ kind: 'find', ids: ids.slice(all.length, all.length + filesInOrder) });
      all.push(...sizes.map(seenSize));
    }
    return all;
  }

  /** The content of each stored file of at most limits.maxSmallFileBytes, verified, in the order of `ids`; some are read ahead. Fails with `cancelled`. */
  async *contents(ids: readonly ContentId[], signal: AbortSignal | undefined): AsyncGenerator<Seen<Buffer>, void, undefined> {
    let position = 0;
    let next = this.read(ids, position);
    try {
      while (position < ids.length) {
        const { sizes, contents } = await next;
        throwIfCancelled(signal);
        position += sizes.length;
        next = this.read(ids, position);
        // It is awaited when the caller comes back; until then a failure must not count as one that nobody handles.
        next.catch(() => undefined);
        yield* cut(sizes, contents);
      }
    } finally {
      await next.catch(() => undefined);
    }
  }

  /** Ends the thread. May be called again. */
  async close(): Promise<void> {
    await this.thread.close();
  }

  private read(ids: readonly ContentId[], position: number): Promise<GlanceReport> {
    const some = ids.slice(position, position + filesInOrder);
    return some.length === 0 ? Promise.resolve({ sizes: [], contents: new Uint8Array() }) : this.thread.order({ kind: 'read', ids: some });
  }
}

function* cut(sizes: readonly number[], contents: Uint8Array<ArrayBuffer>): Generator<Seen<Buffer>, void, undefined> {
  let start = 0;
  for (const size of sizes) {
    const seen = seenSize(size);
    yield typeof seen === 'string' ? seen : Buffer.from(contents.buffer, start, seen);
    start += Math.max(0, size);
  }
}

function seenSize(size: number): Seen<number> {
  if (size === absent) return 'absent';
  return size === unclear ? 'unclear' : size;
}
