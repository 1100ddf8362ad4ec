import { cancelled } from '../core/cancellation.js';
import { orAborted } from '../core/or-aborted.js';

/** The items of a source, but fails with `cancelled` as soon as the caller gives up, however long the source takes for its next item. */
export async function* unlessAbortedEach<T>(items: Iterable<T> | AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await orAborted(Promise.resolve(source.next()), signal, cancelled);
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
