/** How many a turnstile keeps. */
export interface TurnstileOptions {
  readonly max: number;
  readonly maxFromOne: number;
  /** How long everybody who is in may stay, in milliseconds. */
  readonly graceMs: number;
  /** Milliseconds since any moment. */
  readonly now: () => number;
}

/** Somebody who is inside. */
interface Visitor {
  readonly source: string;
  readonly sinceMs: number;
  readonly eject: () => void;
}

/**
 * Lets in only so many at a time, and only so many from one source. When there are too many, who has been inside longest has to go, of the same source if it has
 * its share, otherwise of the one that has most: so whoever needs a place only for a moment gets in, however many sit there. Who came just now stays, so that
 * a crowd does not push itself out.
 */
export class Turnstile {
  /** By source; those of one in the order in which they came. */
  private readonly inside = new Map<string, Set<Visitor>>();
  private total = 0;

  constructor(private readonly options: TurnstileOptions) {}

  /**
   * Lets one more in, who calls what this returns when he leaves; undefined if there is no room. `eject` is called, once at most and after he has left, if he has
   * to make room.
   */
  enter(source: string, eject: () => void): (() => void) | undefined {
    const { max, maxFromOne, now } = this.options;
    const isShareTaken = this.visitorsOf(source).size >= maxFromOne;
    if ((isShareTaken || this.total >= max) && !this.ejectOldestOf(isShareTaken ? source : this.mostPresent())) return undefined;
    const visitor: Visitor = { source, sinceMs: now(), eject };
    this.inside.set(source, this.visitorsOf(source).add(visitor));
    this.total++;
    return () => {
      this.leave(visitor);
    };
  }

  /** False if even he came just now. */
  private ejectOldestOf(source: string): boolean {
    const [oldest] = this.visitorsOf(source);
    if (!oldest || this.options.now() - oldest.sinceMs < this.options.graceMs) return false;
    this.leave(oldest);
    oldest.eject();
    return true;
  }

  /** Of several that have most, the one that came first. */
  private mostPresent(): string {
    let most = '';
    for (const [source, visitors] of this.inside) if (visitors.size > this.visitorsOf(most).size) most = source;
    return most;
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
