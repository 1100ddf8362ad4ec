import { throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';

/**
 * What another node answers, if it does within `timeoutMs`. `ask` gets a signal that is aborted afterwards; it is not waited for, whatever it does then. While it
 * tells that this node itself holds the answer back, the time stands still. Fails with `node-unreachable` when there is no answer, with `cancelled`, and as `ask`.
 */
export async function answerInTime<T>(
  ask: (signal: AbortSignal, onHeld: (isHeld: boolean) => void) => Promise<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  throwIfCancelled(signal);
  const abort = new AbortController();
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  let timer = setTimeout(stop, timeoutMs);
  let leftMs = timeoutMs;
  let sinceMs = performance.now();
  const onHeld = (isHeld: boolean): void => {
    clearTimeout(timer);
    if (isHeld) leftMs -= performance.now() - sinceMs;
    else {
      sinceMs = performance.now();
      timer = setTimeout(stop, leftMs);
    }
  };
  signal?.addEventListener('abort', stop);
  try {
    const answer = ask(abort.signal, onHeld).then((value) => ({ value }));
    const first = await Promise.race([answer, stopped]);
    if (first) return first.value;
    answer.catch(() => undefined);
    throwIfCancelled(signal);
    throw new KacheryError('node-unreachable', `It did not answer within ${String(timeoutMs / 1000)} s.`);
  } finally {
    abort.abort();
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
