import { type ByteRange } from '../../core/byte-range.js';

/** Which bytes of a content are there, as far as it takes to know how many are there from the beginning on. */
export class ByteCoverage {
  /** Ends of ranges beyond the prefix by their starts. */
  private readonly islands = new Map<number, number>();
  private end = 0;

  /** How many bytes are there from the beginning on without a gap. */
  get prefixBytes(): number {
    return this.end;
  }

  /** Adds a range. Ranges beyond the prefix may touch, but should not overlap: then less counts as there than is. */
  add({ start, end }: ByteRange): void {
    if (start <= this.end) this.end = Math.max(this.end, end);
    else this.islands.set(start, end);
    for (let next = this.islands.get(this.end); next !== undefined; next = this.islands.get(this.end)) {
      this.islands.delete(this.end);
      this.end = next;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.islands.clear();
    this.end = 0;
  }
}
