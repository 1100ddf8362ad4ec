import { setTimeout as delay } from 'node:timers/promises';

import { cancelled } from '../core/cancellation.js';
import { type FailureReason, KacheryError } from '../core/failure.js';

/** How long to wait before each next try. */
const delaysMs = [50, 200, 500, 1_000, 2_000, 4_000];

/** Decides whether interrupted work is tried again: after failures that pass, some times, and anew whenever it got further. */
export class Retries {
  private tries = 0;

  /** `reasons` are the failures after which the work can go on. */
  constructor(
    private readonly reasons: readonly FailureReason[],
    private readonly waitsMs: readonly number[] = delaysMs,
  ) {}

  /** Tells that the work got further. */
  progress(): void {
    this.tries = 0;
  }

  /** Resolves when it is time to try again. Fails with `error` if that would not help, and with `cancelled`. */
  async wait(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    const delayMs = this.waitsMs[this.tries];
    if (delayMs === undefined || !(error instanceof KacheryError) || !this.reasons.includes(error.reason)) throw error;
    this.tries += 1;
    try {
      await delay(delayMs, undefined, signal && { signal });
    } catch {
      throw cancelled(signal);
    }
  }
}
