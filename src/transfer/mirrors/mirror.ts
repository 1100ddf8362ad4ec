import { type Clock } from '../../core/clock.js';
import { type StructuredLog } from '../../core/structured-log.js';
import { Bell } from '../bell.js';
import { type MirrorFacts, type MirrorState } from './mirror-facts.js';
import { type MirrorTimes } from './mirror-times.js';
import { type MirrorWork } from './mirror-work.js';

/** What a mirror works with. */
export interface MirrorParts {
  readonly work: MirrorWork;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: StructuredLog;
  readonly times: MirrorTimes;
}

/** One thing that is kept here: it is looked at again and again, and tried again when it failed, until it is closed. */
export class Mirror {
  private readonly closing = new AbortController();
  private readonly changes = new Bell();
  private readonly running: Promise<void>;
  private isTrying = false;
  /** Whether there was a reason to try again soon while it was trying, which the try may have come too early for. */
  private isHastened = false;
  private failures = 0;
  private problem = '';
  private completedAtMs: number | undefined;
  private isComplete = false;
  /** When the last try ended, and when the next one is due, by the process's own clock: nobody sets that. */
  private triedAtMs = -Infinity;
  private dueAtMs = -Infinity;

  /** Begins at once. */
  constructor(
    readonly uri: string,
    private readonly addedAtMs: number,
    private readonly parts: MirrorParts,
  ) {
    this.running = this.run();
  }

  /** What is told of it. */
  get facts(): MirrorFacts {
    const { uri, state, problem, completedAtMs, addedAtMs } = this;
    const retryAtMs = state === 'waiting' ? this.parts.clock.now() + Math.max(0, this.dueAtMs - performance.now()) : undefined;
    return { ...this.parts.work.amount, uri, state, problem, retryAtMs, completedAtMs, addedAtMs };
  }

  /** Tries now rather than later. */
  tryNow(): void {
    this.failures = 0;
    this.hasten(-Infinity);
  }

  /** Another node was connected, which may have what is missing. One that comes and goes does not make it try without end. */
  noteNode(): void {
    if (!this.isComplete || this.isTrying) this.hasten(this.triedAtMs + this.parts.times.firstRetryMs);
  }

  /** Ends it; what is here stays. Resolves when nothing of it works any more. May be called again. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
    this.parts.work.close();
  }

  private get state(): MirrorState {
    if (this.parts.work.isFetching) return 'fetching';
    if (this.isComplete) return 'complete';
    return this.problem === '' || this.isTrying ? 'queued' : 'waiting';
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      this.isTrying = true;
      this.isHastened = false;
      const pauseMs = await this.tryOnce(signal);
      this.isTrying = false;
      this.triedAtMs = performance.now();
      this.dueAtMs = this.triedAtMs + pauseMs;
      await this.pause(signal);
    }
  }

  /** Until it is due, which may become sooner meanwhile. */
  private async pause(signal: AbortSignal): Promise<void> {
    for (let leftMs = this.dueAtMs - performance.now(); leftMs > 0 && !signal.aborted; leftMs = this.dueAtMs - performance.now()) {
      await this.changes.wait({ signal, timeoutMs: leftMs });
    }
  }

  /** Resolves with how long to wait until it is due again. */
  private async tryOnce(signal: AbortSignal): Promise<number> {
    try {
      const { isComplete, againMs } = await this.parts.work.bring(signal);
      this.failures = 0;
      this.problem = '';
      this.isComplete = isComplete;
      if (isComplete) this.completedAtMs = this.parts.clock.now();
      // Those that began together do not go on together.
      return this.spread(againMs);
    } catch (error) {
      if (signal.aborted) return 0;
      this.isComplete = false;
      this.failures += 1;
      const said = error instanceof Error ? error.message : String(error);
      if (said !== this.problem) this.parts.log.warn({ err: error, uri: this.uri }, 'a mirror is not complete; it is tried again');
      this.problem = said;
      return this.retryMs();
    }
  }

  private retryMs(): number {
    const { firstRetryMs, maxRetryMs } = this.parts.times;
    return this.spread(this.isHastened ? firstRetryMs : Math.min(maxRetryMs, firstRetryMs * 2 ** (this.failures - 1)));
  }

  private spread(pauseMs: number): number {
    return pauseMs * (0.5 + this.parts.random() / 2);
  }

  private hasten(atMs: number): void {
    if (this.isTrying) this.isHastened = true;
    if (this.isTrying || atMs >= this.dueAtMs) return;
    this.dueAtMs = atMs;
    this.changes.ring();
  }
}
