import { createCipheriv, createHash } from 'node:crypto';

const seed = process.env['FAULT_SEED'] ?? 'kachery-p2p';

/** Chance that repeats: everything follows from a name and from the seed of the run, which FAULT_SEED changes. */
export class Seeded {
  private count = 0;

  /** Two with the same name bring the same. */
  constructor(private readonly name: string) {}

  /** Bytes that do not repeat. */
  bytes(sizeBytes: number): Buffer {
    const key = this.next();
    return createCipheriv('aes-128-ctr', key.subarray(0, 16), Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
  }

  /** A whole number from 0 up to, but without, `bound`. */
  below(bound: number): number {
    return this.next().readUIntBE(0, 6) % bound;
  }

  /** At most `count` of the items, in their order. */
  some<Item>(items: readonly Item[], count: number): Item[] {
    const left = [...items.keys()];
    while (left.length > count) left.splice(this.below(left.length), 1);
    return items.filter((_, index) => left.includes(index));
  }

  private next(): Buffer {
    return createHash('sha256')
      .update(JSON.stringify([seed, this.name, this.count++]))
      .digest();
  }
}
