import { throwIfCancelled } from '../core/cancellation.js';
import { KacheryError } from '../core/failure.js';

/**
 * What another node answers, if it does within `timeoutMs`. `ask` gets a signal that is aborted afterwards; it is not waited for, whatever it does then. Fails
 * with `node-unreachable` when there is no answer, with `cancelled`, and as `ask`.
 */
export async function answerInTime<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  throwIfCancelled(signal);
  const abort = new AbortController();
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const timer = setTimeout(stop, timeoutMs);
  signal?.addEventListener('abort', stop);
  try {
    const answer = ask(abort.signal).then((value) => ({ value }));
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
