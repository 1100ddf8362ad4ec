import { limits } from '../core/limits.js';

/** Cancels a streaming call when its caller gives up, or when the other side has been silent for too long while this one waited for it. */
export class CallGuard {
  /** Whether it is the other side's turn. Its silence counts only then. */
  waiting = true;
  private isSilent = false;
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly cancel: () => void;

  /** `timeoutMs` is how long the other side may be silent, Infinity for ever. */
  constructor(
    call: { cancel(): void },
    private readonly signal: AbortSignal | undefined,
    timeoutMs: number = limits.streamIdleMs,
  ) {
    this.cancel = () => {
      call.cancel();
    };
    signal?.addEventListener('abort', this.cancel, { once: true });
    if (!Number.isFinite(timeoutMs)) return;
    // A program that has nothing else to do does not wait for a reader that it has forgotten.
    this.timer = setTimeout(() => {
      if (!this.waiting) return;
      this.isSilent = true;
      call.cancel();
    }, timeoutMs).unref();
  }

  /** Whether the call was cancelled for the other side's silence. */
  get timedOut(): boolean {
    return this.isSilent;
  }

  /** Counts the time of silence from now on. */
  restart(): void {
    this.timer?.refresh();
  }

  /** Lets go of the call. */
  release(): void {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.cancel);
  }
}
