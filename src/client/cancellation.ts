import { KacheryError } from '../core/failure.js';

/** The failure of an operation whose caller gave it up. */
export function cancelled(signal: AbortSignal | undefined): KacheryError {
  return new KacheryError('cancelled', 'The operation was cancelled by its caller.', {}, { cause: signal?.reason });
}

/** Fails with `cancelled` if the caller has given up already. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

/** Resolves as `work` does, but with undefined as soon as `signal` aborts; `work` then goes on unheard. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

/** Resolves as `work` does, but fails with `cancelled` as soon as the caller gives up; `work` then goes on unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const outcome = await untilAborted(
    work.then((value) => ({ value })),
    signal,
  );
  if (outcome) return outcome.value;
  throw cancelled(signal);
}

/** The items of a source, but fails with `cancelled` as soon as the caller gives up, however long the source takes for its next item. */
export async function* unlessAbortedEach<T>(items: Iterable<T> | AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await unlessAborted(Promise.resolve(source.next()), signal);
      isOver = next.done ?? false;
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    isOver = !signal?.aborted;
    throw error;
  } finally {
    // A source that is busy with its next item may take for ever to hear this, so nobody waits for it.
    if (!isOver) Promise.resolve(source.return?.()).catch(() => undefined);
  }
}

/** The failure of a call to a client that was closed. */
export function clientClosed(): KacheryError {
  return new KacheryError('invalid-argument', 'This client was closed. Get another one with connect().', { field: 'client' });
}
