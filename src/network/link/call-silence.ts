/** Cancels a streaming call when its caller gives up, or when the other end is silent for too long while the caller waits for it. */
export class CallSilence {
  private tooLong = false;
  private timer: NodeJS.Timeout | undefined;

  /** `silentMs` is how long the other end may be silent, Infinity for ever. */
  constructor(
    private readonly call: { cancel(): void },
    private readonly signal: AbortSignal | undefined,
    private readonly silentMs: number,
  ) {
    signal?.addEventListener('abort', this.cancel, { once: true });
  }

  /** Whether the call was cancelled because the other end was silent. */
  get isTooLong(): boolean {
    return this.tooLong;
  }

  /** What `wait` resolves with, which the other end has so long for. A caller that is busy with what came before does not count. */
  async watch<T>(wait: () => Promise<T>): Promise<T> {
    if (!Number.isFinite(this.silentMs)) return wait();
    // One timer for the whole call, since making one for each message costs more than the message.
    if (this.timer) this.timer.refresh();
    else this.timer = setTimeout(this.giveUp, this.silentMs);
    this.isWaiting = true;
    try {
      return await wait();
    } finally {
      this.isWaiting = false;
    }
  }

  /** Lets go of the call. */
  release(): void {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.cancel);
  }

  private isWaiting = false;

  private readonly cancel = (): void => {
    this.call.cancel();
  };

  private readonly giveUp = (): void => {
    if (!this.isWaiting) return;
    this.tooLong = true;
    this.call.cancel();
  };
}
