import { type Clock } from '../core/clock.js';

const windowMs = 5_000;
const minimumMs = 250;

/** How fast bytes move at present: over the last seconds, so that a slow start is soon forgotten. */
export class TransferRate {
  private readonly samples: { readonly atMs: number; readonly doneBytes: number }[] = [];

  constructor(private readonly clock: Clock) {}

  /** Notes how many bytes are done now. A smaller number than before starts anew. */
  observe(doneBytes: number): void {
    const atMs = this.clock.now();
    if (doneBytes < (this.samples.at(-1)?.doneBytes ?? 0)) this.samples.length = 0;
    const last = this.samples.at(-2);
    if (last !== undefined && atMs - last.atMs < minimumMs) this.samples.pop();
    this.samples.push({ atMs, doneBytes });
    while (this.samples.length > 2 && atMs - (this.samples[1]?.atMs ?? atMs) >= windowMs) this.samples.shift();
  }

  /** Undefined as long as nothing can be said. */
  bytesPerSecond(): number | undefined {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < minimumMs) return undefined;
    return ((last.doneBytes - first.doneBytes) / (last.atMs - first.atMs)) * 1000;
  }
}
