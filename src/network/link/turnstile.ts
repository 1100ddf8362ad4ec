/** Lets in only so many at a time, and only so many from one source. */
export class Turnstile {
  private readonly inside = new Map<string, number>();
  private total = 0;

  constructor(private readonly options: { readonly max: number; readonly maxFromOne: number }) {}

  /** Lets one more in, who calls what this returns when he leaves; undefined if there is no room. */
  enter(source: string): (() => void) | undefined {
    const fromThis = this.inside.get(source) ?? 0;
    if (this.total >= this.options.max || fromThis >= this.options.maxFromOne) return undefined;
    this.inside.set(source, fromThis + 1);
    this.total++;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.leave(source);
    };
  }

  private leave(source: string): void {
    this.total--;
    const left = (this.inside.get(source) ?? 1) - 1;
    if (left === 0) this.inside.delete(source);
    else this.inside.set(source, left);
  }
}
