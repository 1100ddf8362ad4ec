import { cancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';

/**
 * The items of a stream of another node. Fails with `node-unreachable` if one takes longer than `silentMs`, not counted how long this node itself holds it back,
 * as `begin` tells; and with `cancelled` when the signal is aborted, even if the stream goes on.
 */
export async function* inTime<T>(
  begin: (onHeld: (isHeld: boolean) => void) => AsyncGenerator<T, void, undefined>,
  { silentMs, signal }: { readonly silentMs: number; readonly signal: AbortSignal },
): AsyncGenerator<T, void, undefined> {
  let stop: (error: KacheryError) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  stopped.catch(() => undefined);
  const cancel = (): void => {
    stop(cancelled(signal));
  };
  let isHeld = false;
  const watchdog = setTimeout(() => {
    if (!isHeld) stop(new KacheryError('node-unreachable', `It did not answer within ${String(silentMs / 1000)} s.`));
  }, silentMs);
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  const stream = begin((isNowHeld) => {
    isHeld = isNowHeld;
    watchdog.refresh();
  });
  try {
    for (;;) {
      watchdog.refresh();
      const next = await Promise.race([stream.next(), stopped]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', cancel);
    // A stream that waits for its node ends when it likes.
    stream.return().catch(() => undefined);
  }
}
