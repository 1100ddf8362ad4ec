import { type KacheryError } from '../core/failure.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { type WatchedBlocks, type WatchedSubfeed } from './feed-store.js';
import { type MessageBlock } from './message-block.js';
import { type PositionRange } from './read-blocks.js';
import { type SubfeedGrowth } from './subfeed-growth.js';

/** What a watcher reads with. */
export interface WatcherParts {
  readonly growth: SubfeedGrowth;
  /** The lengths of subfeeds on disk, in their order. Fails with `feed-not-found` and `feed-forked`. */
  readonly lengthsOf: (subfeeds: readonly SubfeedAddress[]) => Promise<number[]>;
  readonly read: (subfeed: SubfeedAddress, range: PositionRange) => AsyncIterable<readonly MessageBlock[]>;
}

/** Where a watcher is in one subfeed. */
interface Cursor {
  readonly index: number;
  readonly subfeed: SubfeedAddress;
  position: number;
  length: number;
  /** What was just appended at the position, so that it need not be read; empty if it has to be. */
  fresh: readonly MessageBlock[];
}

/** Bytes of messages that one subfeed is served in a turn, from one read of the database: to begin a read costs a search and an iterator. */
const maxTurnBytes = 4 * 1024 * 1024;
/** Bytes of what was just appended that one watcher holds. */
const maxFreshBytes = 1024 * 1024;

/**
 * Follows subfeeds. It remembers how far they have grown, not what they have grown by, so that a slow reader costs no memory; and serves those that have news in
 * turn.
 */
export class SubfeedWatcher {
  private readonly cursors: readonly Cursor[];
  private readonly ready = new Set<Cursor>();
  private readonly endings: (() => void)[];
  private failure: KacheryError | undefined;
  private freshBytes = 0;
  private wake = (): void => undefined;

  /** Listens at once; whoever makes a watcher has to run `follow`. */
  constructor(
    private readonly parts: WatcherParts,
    subfeeds: readonly WatchedSubfeed[],
  ) {
    this.cursors = subfeeds.map((subfeed, index) => ({ index, subfeed, position: subfeed.position, length: 0, fresh: [] }));
    this.endings = this.cursors.map((cursor) =>
      parts.growth.listen(cursor.subfeed, {
        grew: (blocks) => {
          this.note(cursor, blocks);
        },
        failed: (failure) => {
          this.failure = failure;
          this.wake();
        },
      }),
    );
  }

  /** What is there from the positions on, then what is appended, until the signal is aborted. Fails with `feed-not-found` and `feed-forked`, also when that happens later. */
  async *follow(signal: AbortSignal): AsyncGenerator<WatchedBlocks, void, undefined> {
    const onAbort = (): void => {
      this.wake();
    };
    signal.addEventListener('abort', onAbort);
    try {
      const lengths = await this.parts.lengthsOf(this.cursors.map(({ subfeed }) => subfeed));
      for (const cursor of this.cursors) this.grow(cursor, lengths[cursor.index] ?? 0);
      while (!signal.aborted) {
        if (this.failure !== undefined) throw this.failure;
        const [cursor] = this.ready;
        if (cursor) yield* this.serve(cursor);
        else await this.news(signal);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      for (const end of this.endings) end();
    }
  }

  /**
   * A cursor's next messages, about 256 KiB at a time and 4 MiB in all, but to the end of an append: a reader that wants proofs then holds back no more than one.
   * The cursor then waits for its next turn behind the others.
   */
  private async *serve(cursor: Cursor): AsyncGenerator<WatchedBlocks, void, undefined> {
    this.ready.delete(cursor);
    let servedBytes = 0;
    for await (const blocks of this.nextBlocks(cursor)) {
      const last = blocks.at(-1);
      if (last) cursor.position = last.position + last.count;
      servedBytes += sizeOf(blocks);
      yield { index: cursor.index, blocks };
      if ((servedBytes >= maxTurnBytes && last?.signature !== undefined) || this.failure !== undefined) break;
    }
    if (cursor.position < cursor.length) this.ready.add(cursor);
  }

  private nextBlocks(cursor: Cursor): AsyncIterable<readonly MessageBlock[]> | readonly (readonly MessageBlock[])[] {
    const fresh = this.takeFresh(cursor);
    return fresh ? [fresh] : this.parts.read(cursor.subfeed, { start: cursor.position, end: cursor.length });
  }

  private note(cursor: Cursor, blocks: readonly MessageBlock[]): void {
    const isNext = !this.ready.has(cursor) && blocks[0]?.position === cursor.position;
    const bytes = sizeOf(blocks);
    if (isNext && this.freshBytes + bytes <= maxFreshBytes) {
      cursor.fresh = blocks;
      this.freshBytes += bytes;
    }
    const last = blocks.at(-1);
    if (last) this.grow(cursor, last.position + last.count);
  }

  private grow(cursor: Cursor, length: number): void {
    cursor.length = Math.max(cursor.length, length);
    if (cursor.length <= cursor.position) return;
    this.ready.add(cursor);
    this.wake();
  }

  private takeFresh(cursor: Cursor): readonly MessageBlock[] | undefined {
    const { fresh, position } = cursor;
    if (fresh.length === 0) return undefined;
    cursor.fresh = [];
    this.freshBytes -= sizeOf(fresh);
    return fresh[0]?.position === position ? fresh : undefined;
  }

  /** Resolves when a cursor is ready, something failed, or the signal is aborted. */
  private news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.ready.size > 0 || this.failure !== undefined || signal.aborted) resolve();
    });
  }
}

function sizeOf(blocks: readonly MessageBlock[]): number {
  return blocks.reduce((sum, { packed }) => sum + packed.byteLength, 0);
}
