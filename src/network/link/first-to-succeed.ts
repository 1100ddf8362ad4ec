import { setMaxListeners } from 'node:events';

import { KacheryError } from '../../core/failure.js';

/** One of several ways to the same end. */
export interface Attempt<T> {
  /** How long after the one before it starts, if that has not ended by then. */
  readonly startAfterMs: number;
  /** Ends soon when the signal is aborted. */
  run(signal: AbortSignal): Promise<T>;
}

/**
 * What the first of the attempts to succeed resolves with; the others are given up, and what they bring nevertheless goes to `discard`. They start in their
 * order, the next one as soon as the one before has failed or taken too long. Fails with all failures if all fail, and with the signal's reason. There has to be
 * one at least.
 */
export async function firstToSucceed<T>(
  attempts: readonly Attempt<T>[],
  { signal, discard }: { readonly signal: AbortSignal; readonly discard: (late: T) => void },
): Promise<T> {
  signal.throwIfAborted();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const failures: unknown[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      let started = 0;
      const startNext = (): void => {
        clearTimeout(timer);
        const attempt = attempts[started];
        if (!attempt || isOver) return;
        const number = ++started;
        attempt.run(stopping.signal).then(
          (value) => {
            if (isOver) discard(value);
            isOver = true;
            resolve(value);
          },
          (error: unknown) => {
            failures.push(error);
            if (failures.length === attempts.length) reject(allFailed(failures));
            else if (number === started) startNext();
          },
        );
        const following = attempts[started];
        if (following) timer = setTimeout(startNext, following.startAfterMs);
      };
      startNext();
    });
  } finally {
    isOver = true;
    clearTimeout(timer);
    stopping.abort();
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

const maxToldFailures = 4;

/** One failure as it is; of several, what the first ones say. */
function allFailed(failures: readonly unknown[]): Error {
  if (failures.length === 1) return failures[0] as Error;
  const told = failures.slice(0, maxToldFailures).map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  const more = failures.length > maxToldFailures ? [`${String(failures.length - maxToldFailures)} more`] : [];
  return new KacheryError('node-unreachable', [...told, ...more].join('; '), {}, { cause: failures[0] });
}
