import { type ByteRange } from '../core/byte-range.js';
import { type ManifestChunk } from '../core/manifest.js';
import { type Piece } from './piece-request.js';
import { type Source } from './source.js';

/** Bytes that are asked of one node at once: enough that a round trip does not count, and little enough that a slow node does not hold the end. */
export const maxPieceBytes = 4 * 1024 * 1024;

/** Bytes of a chunk, and which node sent them; undefined for those that an earlier run wrote. */
export interface Segment extends ByteRange {
  readonly source: Source | undefined;
}

/** A chunk that is being fetched. */
export class BoardChunk {
  readonly start: number;
  readonly end: number;
  /** In their order, without gaps. */
  pieces: readonly Piece[];
  segments: Segment[] = [];
  isChecking = false;
  /** The node that most of it is asked of. */
  owner: Source | undefined;
  /** The only node that it is asked of, to find out who sent wrong bytes. */
  sole: Source | undefined;
  /** Parts of an attempt that was wrong, and their hashes. */
  suspects: readonly { readonly segment: Segment; readonly sha1: string }[] | undefined;

  constructor(
    readonly index: number,
    { start, end }: ManifestChunk,
    filled: readonly ByteRange[] = [],
  ) {
    this.start = start;
    this.end = end;
    this.pieces = this.cut();
    for (const range of filled) this.fillFromBefore(range);
  }

  get isFilled(): boolean {
    return this.pieces.every(({ filledTo, end }) => filledTo === end);
  }

  /** Whether a node may be asked for it. */
  allows(source: Source): boolean {
    return !this.isChecking && (this.sole === undefined || this.sole === source);
  }

  /** The first piece that nobody brings. */
  firstIdle(): Piece | undefined {
    return this.pieces.find(({ filledTo, end, takers }) => filledTo < end && takers.size === 0);
  }

  /** Tells who sent the next bytes of a piece. */
  note(piece: Piece, end: number, source: Source): void {
    const last = this.segments.at(-1);
    if (last?.source === source && last.end === piece.filledTo) this.segments[this.segments.length - 1] = { ...last, end };
    else this.segments.push({ start: piece.filledTo, end, source });
    piece.filledTo = end;
  }

  /** Forgets all its bytes: they are to be fetched again, only from `sole` if it is given. */
  restart(sole?: Source): void {
    for (const piece of this.pieces) piece.isStale = true;
    this.pieces = this.cut();
    this.segments = [];
    this.isChecking = false;
    this.owner = sole;
    this.sole = sole;
  }

  private cut(): Piece[] {
    const count = Math.ceil((this.end - this.start) / maxPieceBytes);
    const pieceBytes = Math.ceil((this.end - this.start) / count);
    return Array.from({ length: count }, (_, index) => {
      const start = this.start + index * pieceBytes;
      return { chunkIndex: this.index, start, end: Math.min(start + pieceBytes, this.end), filledTo: start, isStale: false, takers: new Set() };
    });
  }

  /** An earlier run cut pieces in the same way; what does not fit into them is fetched again. */
  private fillFromBefore({ start, end }: ByteRange): void {
    for (const piece of this.pieces) {
      const to = Math.min(end, piece.end);
      if (start > piece.filledTo || to <= piece.filledTo || piece.end <= start) continue;
      this.segments.push({ start: piece.filledTo, end: to, source: undefined });
      piece.filledTo = to;
    }
  }
}
