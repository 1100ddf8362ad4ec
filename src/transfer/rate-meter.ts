const sampleMs = 250;

/** Measures how fast bytes come, as of the last second or two. Times are milliseconds of one clock. */
export class RateMeter {
  private measured: number | undefined;
  private sampleBytes = 0;
  private sampleStartMs = 0;
  private isRunning = false;

  /** Bytes are expected from now on. */
  start(nowMs: number): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.sampleBytes = 0;
    this.sampleStartMs = nowMs;
  }

  /** No bytes are expected any more. */
  stop(): void {
    this.isRunning = false;
  }

  /** Bytes came. */
  add(bytes: number, nowMs: number): void {
    this.sampleBytes += bytes;
    const elapsedMs = nowMs - this.sampleStartMs;
    if (elapsedMs < sampleMs) return;
    const sample = (this.sampleBytes / elapsedMs) * 1000;
    this.measured = this.measured === undefined ? sample : (this.measured + sample) / 2;
    this.sampleBytes = 0;
    this.sampleStartMs = nowMs;
  }

  /** Bytes a second; undefined while nothing is known. A source that is silent becomes slower with time. */
  perSecond(nowMs: number): number | undefined {
    const elapsedMs = nowMs - this.sampleStartMs;
    if (!this.isRunning || elapsedMs < 4 * sampleMs) return this.measured;
    const sample = (this.sampleBytes / elapsedMs) * 1000;
    return Math.min(sample, this.measured ?? sample);
  }
}
