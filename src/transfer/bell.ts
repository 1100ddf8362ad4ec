/** Wakes all who wait for something to change. */
export class Bell {
  private readonly waiters = new Set<() => void>();

  /** Wakes those who wait now. */
  ring(): void {
    for (const wake of [...this.waiters]) wake();
  }

  /** Resolves at the next ring, after `timeoutMs`, or when the signal is aborted; look what it was. Never fails. */
  wait({ signal, timeoutMs }: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number } = {}): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const wake = (): void => {
        this.waiters.delete(wake);
        signal?.removeEventListener('abort', wake);
        clearTimeout(timer);
        resolve();
      };
      this.waiters.add(wake);
      signal?.addEventListener('abort', wake);
      if (timeoutMs !== undefined) timer = setTimeout(wake, timeoutMs);
      if (signal?.aborted) wake();
    });
  }
}
