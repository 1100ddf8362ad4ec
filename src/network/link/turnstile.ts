/** Somebody who is inside. */
interface Visitor {
  readonly source: string;
  readonly eject: () => void;
}

/**
 * Lets in everybody, but keeps only so many at a time, and only so many from one source: when there are too many, who has been inside longest has to go, of the
 * same source if it has its share, otherwise of the one that has most. So whoever needs a place only for a moment gets in, however many sit there.
 */
export class Turnstile {
  /** By source; those of one in the order in which they came. */
  private readonly inside = new Map<string, Set<Visitor>>();
  private total = 0;

  constructor(private readonly options: { readonly max: number; readonly maxFromOne: number }) {}

  /** Lets one more in, who calls what this returns when he leaves. `eject` is called, once at most and after he has left, if he has to make room. */
  enter(source: string, eject: () => void): () => void {
    if (this.visitorsOf(source).size >= this.options.maxFromOne) this.ejectOldestOf(source);
    else if (this.total >= this.options.max) this.ejectOldestOf(this.mostPresent());
    const visitor: Visitor = { source, eject };
    this.inside.set(source, this.visitorsOf(source).add(visitor));
    this.total++;
    return () => {
      this.leave(visitor);
    };
  }

  private ejectOldestOf(source: string): void {
    const [oldest] = this.visitorsOf(source);
    if (!oldest) return;
    this.leave(oldest);
    oldest.eject();
  }

  /** Of several that have most, the one that came first. */
  private mostPresent(): string {
    return [...this.inside].reduce((most, each) => (each[1].size > most[1].size ? each : most), ['', new Set<Visitor>()] as const)[0];
  }

  private leave(visitor: Visitor): void {
    const { source } = visitor;
    const visitors = this.visitorsOf(source);
    if (!visitors.delete(visitor)) return;
    this.total--;
    if (visitors.size === 0) this.inside.delete(source);
  }

  private visitorsOf(source: string): Set<Visitor> {
    return this.inside.get(source) ?? new Set();
  }
}
