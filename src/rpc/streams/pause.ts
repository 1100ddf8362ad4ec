import { type KacheryError } from '../../core/failure.js';

/** Waits for a condition that others bring about, as long as a call is alive and something happens now and then. */
export class Pause {
  private resume: (() => void) | undefined;

  /**
   * @param options.signal Ends the wait when aborted.
   * @param options.idleMs How long to wait without a `wake`.
   * @param idleFailure What a wait that was too long fails with.
   */
  constructor(
    private readonly options: { readonly signal: AbortSignal; readonly idleMs: number },
    private readonly idleFailure: () => KacheryError,
  ) {}

  /** Tells that something happened: the condition is looked at again. */
  wake(): void {
    this.resume?.();
  }

  /** Resolves when the condition holds. Rejects with the reason of the signal, or with the idle failure. One wait at a time. */
  async until(condition: () => boolean): Promise<void> {
    const { signal, idleMs } = this.options;
    while (!condition()) {
      signal.throwIfAborted();
      const isIdle = await this.nextWake(signal, idleMs);
      if (isIdle && !condition()) throw this.idleFailure();
    }
    signal.throwIfAborted();
  }

  /** Resolves at the next wake or abort with false, or after so many milliseconds with true. */
  private nextWake(signal: AbortSignal, idleMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isIdle: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', resume);
        this.resume = undefined;
        resolve(isIdle);
      };
      const resume = (): void => {
        end(false);
      };
      const timer = setTimeout(end, idleMs, true).unref();
      signal.addEventListener('abort', resume);
      this.resume = resume;
    });
  }
}
