import { type LinkTiming } from './link-timing.js';

/** How a try ended: `done` if nothing is left to do, `nothing` if there was nothing to try; `againMs` says when to look for something better. */
export type TryOutcome = 'done' | 'nothing' | { readonly againMs: number } | { readonly failed: true; readonly leastPauseMs: number };

/** What chance and time a repeated try works with. */
export interface RepeatedTryParts {
  readonly random: () => number;
  readonly timing: Pick<LinkTiming, 'firstRetryMs' | 'maxRetryMs' | 'recentFailureMs'>;
}

/**
 * Something that is tried again until it succeeds, one try at a time, after pauses that double with each failure and differ by chance, so that nodes which lost
 * each other at once do not come back at once.
 */
export class RepeatedTry {
  private failures = 0;
  private failedAtMs = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> | undefined;
  /** How long the last try took. */
  private failureTookMs = 0;
  private readonly closing = new AbortController();

  /** `tryOnce` never rejects; it ends soon when its signal is aborted. */
  constructor(
    private readonly tryOnce: (signal: AbortSignal) => Promise<TryOutcome>,
    private readonly parts: RepeatedTryParts,
  ) {}

  /** Tries after so long, or after the pause that failures ask for if that is longer, unless a try is under way or waits for its turn already. */
  later(delayMs: number): void {
    if (this.underWay ?? this.timer) return;
    this.wait(this.failures === 0 ? delayMs : Math.max(delayMs, this.pauseMs()));
  }

  /** As `later`, but in place of the turn that something waits for already: what it waited for is not so any more. */
  anew(delayMs: number): void {
    this.stopWaiting();
    this.later(delayMs);
  }

  /**
   * Tries at once, though failures may say to wait; joins a try that is under way. One that has failed slowly just now is not repeated; one that was refused may be
   * welcome by now. Resolves when it has ended.
   */
  async now(): Promise<void> {
    const believedMs = Math.min(this.failureTookMs, this.parts.timing.recentFailureMs);
    if (!this.underWay && performance.now() - this.failedAtMs < believedMs) return;
    await this.run();
  }

  /** Counts a success that did not last as a failure: the pauses go on to grow. */
  countFailure(): void {
    this.failures++;
  }

  /** Forgets the failures: who waits for his turn after one is next, and a further failure is the first again. */
  forgive(): void {
    this.failures = 0;
    this.failedAtMs = -Infinity;
    if (this.timer) this.wait(0);
  }

  /** Ends for good; resolves when a try that is under way has ended. */
  async close(): Promise<void> {
    this.closing.abort();
    this.stopWaiting();
    await this.underWay;
  }

  private run(): Promise<void> {
    if (this.closing.signal.aborted) return Promise.resolve();
    this.stopWaiting();
    return (this.underWay ??= this.tryAndJudge().then((pauseMs) => {
      this.underWay = undefined;
      if (pauseMs !== undefined) this.wait(pauseMs);
    }));
  }

  /** Resolves with how long to wait before the next try; undefined if nobody waits for one. */
  private async tryAndJudge(): Promise<number | undefined> {
    const begunAtMs = performance.now();
    const outcome = await this.tryOnce(this.closing.signal);
    this.failureTookMs = performance.now() - begunAtMs;
    const hasFailed = typeof outcome === 'object' && 'failed' in outcome;
    this.failedAtMs = hasFailed ? performance.now() : -Infinity;
    if (!hasFailed) return typeof outcome === 'object' ? outcome.againMs : undefined;
    this.failures++;
    return Math.max(outcome.leastPauseMs, this.pauseMs());
  }

  private wait(delayMs: number): void {
    if (this.closing.signal.aborted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.run();
    }, delayMs);
  }

  private stopWaiting(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Between half and the whole of what the failures say. */
  private pauseMs(): number {
    const { random, timing } = this.parts;
    return Math.min(timing.maxRetryMs, timing.firstRetryMs * 2 ** Math.max(0, this.failures - 1)) * (0.5 + random() / 2);
  }
}
