/** Things to be closed when a daemon ends, the last one first. */
export class ClosingStack {
  private readonly closers: (() => Promise<void>)[] = [];
  private closing: Promise<void> | undefined;

  /** @param onError Hears of closers that failed; the others are called all the same. */
  constructor(private readonly onError: (error: unknown) => void) {}

  /** Adds something to be closed. */
  add(close: () => Promise<void>): void {
    this.closers.push(close);
  }

  /** Closes everything. May be called again; it resolves when all is closed. */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  private async closeAll(): Promise<void> {
    for (let close = this.closers.pop(); close; close = this.closers.pop()) await close().catch(this.onError);
  }
}
