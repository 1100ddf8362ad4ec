import { setMaxListeners } from 'node:events';

/** An AbortSignal that follows another one and a time limit, as long as it is not released. */
export class BoundedSignal {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  /** @param tooLate What it is aborted with when the time is over. */
  constructor(
    private readonly parent: AbortSignal | undefined,
    timeoutMs: number,
    tooLate: () => Error,
  ) {
    setMaxListeners(0, this.controller.signal);
    this.timer = setTimeout(() => {
      this.controller.abort(tooLate());
    }, timeoutMs);
    if (parent?.aborted) this.follow();
    else parent?.addEventListener('abort', this.follow, { once: true });
  }

  /** Aborted with the parent's reason, or that of the time limit. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Lets go of the parent and of the time. */
  release(): void {
    clearTimeout(this.timer);
    this.parent?.removeEventListener('abort', this.follow);
  }

  private readonly follow = (): void => {
    this.controller.abort(this.parent?.reason);
  };
}
