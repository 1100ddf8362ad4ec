import { KacheryError } from '../core/failure.js';
import { Retries } from './retries.js';

/** About a minute: as long as a daemon may take to come back. */
const waitsMs = [50, 200, 500, ...Array<number>(30).fill(2_000)];

/**
 * What a subscription brings; `subscribe` is called again, and has to go on from where it was, whenever the daemon went away and is back within about a minute.
 * Ends only with a failure: `cancelled`, or what the daemon refused.
 */
export async function* reconnecting<T>(subscribe: () => AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  const retries = new Retries(['daemon-not-running', 'daemon-stopping', 'too-busy'], waitsMs);
  for (;;) {
    try {
      for await (const item of subscribe()) {
        retries.progress();
        yield item;
      }
      throw new KacheryError('daemon-stopping', 'The daemon ended a call that goes on for ever. Try again when it runs.');
    } catch (error) {
      await retries.wait(error, signal);
    }
  }
}
