import { type ByteRange } from '../core/byte-range.js';
import { type Source } from './source.js';

/** A part of a chunk that is fetched at once. Its bytes come in order, whoever sends them. */
export interface Piece extends ByteRange {
  readonly chunkIndex: number;
  /** Up to where its bytes are written. */
  filledTo: number;
  /** Its chunk is fetched anew in other pieces: what still comes for this one is not wanted. */
  isStale: boolean;
  /** Requests under way that bring it. */
  readonly takers: Set<PieceRequest>;
}

/** Bytes that a node was asked for: pieces that follow one another. */
export class PieceRequest implements ByteRange {
  readonly start: number;
  readonly end: number;
  /** Up to where its bytes came. */
  position: number;
  /** Since when the next bytes are waited for; undefined while they are being worked on. */
  waitingSinceMs: number | undefined;
  private readonly abort = new AbortController();

  constructor(
    readonly source: Source,
    readonly pieces: readonly Piece[],
  ) {
    const [first] = pieces;
    this.start = first?.filledTo ?? 0;
    this.position = this.start;
    this.end = pieces.at(-1)?.end ?? 0;
    for (const piece of pieces) piece.takers.add(this);
    source.openRequests += 1;
    source.openBytes += this.end - this.start;
  }

  /** Whether something that it brings is still missing. */
  get isNeeded(): boolean {
    return this.pieces.some((piece) => !piece.isStale && piece.filledTo < piece.end);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Stops it: what it would bring is not needed, or does not come. */
  cancel(): void {
    if (!this.abort.signal.aborted) this.abort.abort();
  }

  /** It is over: nobody is to count on it any more. */
  release(): void {
    for (const piece of this.pieces) piece.takers.delete(this);
    this.source.openRequests -= 1;
    this.source.openBytes -= this.end - this.start;
  }
}
