import { chunksOf } from '../storage/partial/chunk-layout.js';
import { type PartialFile } from '../storage/partial/partial-files.js';
import { BoardChunk, maxPieceBytes } from './board-chunk.js';
import { type Piece } from './piece-request.js';
import { type Source } from './source.js';

/** How far nodes work ahead of the first chunk that is not there, so that what is hashed behind them is still in memory. */
const maxAheadBytes = 320_000_000;
const maxAheadChunks = 1_000;
/** Bytes that are worth a request of their own. */
const minRunBytes = 1024 * 1024;
/** A request costs both nodes as much as half a mebibyte, so a fast node is asked for what it brings in this time, and for no more than this at once. */
const runTimeMs = 100;
const maxRunBytes = 16 * 1024 * 1024;

/** Chunks that somebody wants, in their order. */
export interface Demand {
  readonly first: number;
  readonly last: number;
  /** Somebody waits for the first of them. */
  readonly isUrgent: boolean;
}

interface OpenDemand extends Demand {
  /** Chunks before this one are there. */
  cursor: number;
}

/** Knows which chunks are wanted and how far each is, and decides what a node is asked for next. */
export class ChunkBoard {
  private readonly demands = new Set<OpenDemand>();
  private readonly chunks = new Map<number, BoardChunk>();

  constructor(private readonly partial: PartialFile) {
    for (const range of partial.filled) {
      const { first } = chunksOf(partial.layout, range);
      if (partial.stateOf(first) === 'missing') this.chunkAt(first);
    }
  }

  /** Wants chunks until the function that it returns is called. */
  want(demand: Demand): () => void {
    const open = { ...demand, cursor: demand.first };
    this.demands.add(open);
    return () => {
      this.demands.delete(open);
    };
  }

  /** Whether chunks are wanted that are not there. */
  get hasOpenDemand(): boolean {
    for (const demand of this.demands) if (this.advance(demand) <= demand.last) return true;
    return false;
  }

  /** Whether a chunk is wanted. */
  wants({ index }: BoardChunk): boolean {
    for (const { first, last } of this.demands) if (index >= first && index <= last) return true;
    return false;
  }

  /** The pieces that a node, one of `sourceCount`, is to be asked for next; undefined if nothing is left that it could bring sooner than others. */
  next(source: Source, sourceCount: number, nowMs: number): Piece[] | undefined {
    const demands = [...this.demands].sort((one, other) => Number(other.isUrgent) - Number(one.isUrgent));
    const ahead = demands.map((demand) => this.nextChunks(demand).filter((chunk) => chunk.allows(source)));
    for (const [index, demand] of demands.entries()) {
      const chunks = ahead[index] ?? [];
      const first = firstIdle(chunks, source, demand);
      if (!first) continue;
      const longestBytes = Math.min(longestRunBytes(source, nowMs), idleBytes(chunks) / sourceCount);
      const run = this.run(first, source, longestBytes);
      return this.isWorthWhile(run, source, demand, chunks) ? run : undefined;
    }
    for (const chunks of ahead) {
      const slow = slowest(chunks, source, nowMs);
      if (slow) return [slow];
    }
    return undefined;
  }

  /** The chunk of a piece that is not stale. */
  chunkOf({ chunkIndex }: Piece): BoardChunk {
    return this.chunkAt(chunkIndex);
  }

  /** A chunk was verified. */
  finish(chunk: BoardChunk): void {
    this.chunks.delete(chunk.index);
  }

  /** Looks again at chunks that were there: some may be missing now. */
  recheck(): void {
    for (const demand of this.demands) demand.cursor = demand.first;
  }

  /** Chunks of which something is there, or asked for. */
  get open(): Iterable<BoardChunk> {
    return this.chunks.values();
  }

  /** Adds the pieces behind one, as far as they are free, so that small chunks do not cost a round trip each. */
  private run(first: Piece, source: Source, longestBytes: number): Piece[] {
    const run = [first];
    let sizeBytes = first.end - first.filledTo;
    for (let next = this.behind(first); next && this.isFree(next, source); next = this.behind(next)) {
      sizeBytes += next.end - next.start;
      if (sizeBytes > longestBytes) break;
      this.chunkAt(next.chunkIndex).owner ??= source;
      run.push(next);
    }
    return run;
  }

  /** Where small chunks become free one by one, as those before them are verified, a node waits until it is worth a request. */
  private isWorthWhile(run: readonly Piece[], source: Source, { isUrgent, last }: OpenDemand, chunks: readonly BoardChunk[]): boolean {
    const [start, end] = [run[0]?.filledTo ?? 0, run.at(-1)?.end ?? 0];
    const isAlone = source.openRequests === 0 && ![...this.chunks.values()].some(({ isChecking }) => isChecking);
    return isUrgent || isAlone || end - start >= minRunBytes || (chunks.at(-1)?.index ?? last) === last;
  }

  private behind({ chunkIndex, end }: Piece): Piece | undefined {
    const chunk = this.chunkAt(chunkIndex);
    if (end < chunk.end) return chunk.pieces.find(({ start }) => start === end);
    const index = chunkIndex + 1;
    const isThere = index < this.partial.layout.chunks.length && this.partial.stateOf(index) === 'missing';
    return isThere ? this.chunkAt(index).pieces[0] : undefined;
  }

  private isFree({ chunkIndex, start, filledTo, takers }: Piece, source: Source): boolean {
    const chunk = this.chunkAt(chunkIndex);
    return filledTo === start && takers.size === 0 && chunk.allows(source) && this.wants(chunk);
  }

  private nextChunks(demand: OpenDemand): BoardChunk[] {
    const next: BoardChunk[] = [];
    let aheadBytes = 0;
    for (let index = this.advance(demand); index <= demand.last && aheadBytes < maxAheadBytes && next.length < maxAheadChunks; index += 1) {
      if (this.partial.stateOf(index) !== 'missing') continue;
      const chunk = this.chunkAt(index);
      aheadBytes += chunk.end - chunk.start;
      next.push(chunk);
    }
    return next;
  }

  private advance(demand: OpenDemand): number {
    while (demand.cursor <= demand.last && this.partial.stateOf(demand.cursor) !== 'missing') demand.cursor += 1;
    return demand.cursor;
  }

  private chunkAt(index: number): BoardChunk {
    const known = this.chunks.get(index);
    if (known) return known;
    const range = this.partial.layout.chunks[index] ?? { start: 0, end: 0, sha1: this.partial.id };
    const chunk = new BoardChunk(
      index,
      range,
      this.partial.filled.filter(({ start }) => start >= range.start && start < range.end),
    );
    this.chunks.set(index, chunk);
    return chunk;
  }
}

/** The first piece that nobody brings, of the chunk that this node should work on. */
function firstIdle(chunks: readonly BoardChunk[], source: Source, { isUrgent }: Demand): Piece | undefined {
  if (!isUrgent) {
    // Most of a chunk comes from one node: then it is clear who sent it, and little is lost when the program ends.
    const own = chunks.find((chunk) => chunk.owner === source && chunk.firstIdle());
    const fresh = own ?? chunks.find((chunk) => chunk.owner?.state !== 'usable' && chunk.firstIdle());
    if (fresh) {
      fresh.owner = source;
      return fresh.firstIdle();
    }
  }
  for (const chunk of chunks) {
    const piece = chunk.firstIdle();
    if (piece) return piece;
  }
  return undefined;
}

/** Bytes that a node is asked for at once. */
function longestRunBytes(source: Source, nowMs: number): number {
  return Math.min(maxRunBytes, Math.max(maxPieceBytes, ((source.rate.perSecond(nowMs) ?? 0) * runTimeMs) / 1000));
}

/** Bytes of chunks that nobody brings. */
function idleBytes(chunks: readonly BoardChunk[]): number {
  let sizeBytes = 0;
  for (const { pieces } of chunks) {
    for (const { takers, filledTo, end } of pieces) if (takers.size === 0) sizeBytes += end - filledTo;
  }
  return sizeBytes;
}

/** The piece that others would bring last, if this node would bring it much sooner. */
function slowest(chunks: readonly BoardChunk[], source: Source, nowMs: number): Piece | undefined {
  let found: { piece: Piece; leftMs: number } | undefined;
  for (const { pieces } of chunks) {
    for (const piece of pieces) {
      const [taker, second] = piece.takers;
      if (!taker || second || taker.source === source || piece.filledTo >= piece.end) continue;
      const leftMs = timeLeftMs(piece.end - taker.position, taker.source, taker.source.openRequests, nowMs);
      const ownMs = timeLeftMs(piece.end - piece.filledTo, source, source.openRequests + 1, nowMs);
      if (leftMs > 2 * ownMs + endGameSlackMs && leftMs > (found?.leftMs ?? 0)) found = { piece, leftMs };
    }
  }
  return found?.piece;
}

/** A difference that is not worth asking twice for. */
const endGameSlackMs = 100;

/** How long a node takes for so many bytes when it works on so many requests; of a node that is not known yet, one is as good as another. */
function timeLeftMs(sizeBytes: number, source: Source, requests: number, nowMs: number): number {
  const rate = source.rate.perSecond(nowMs);
  return rate === undefined ? 0 : ((sizeBytes * Math.max(1, requests)) / Math.max(1, rate)) * 1000;
}
