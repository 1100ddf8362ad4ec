import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

const deadlineMs = 120_000;

/**
 * Resolves with what `look` brings as soon as it is something other than undefined or false. Looks again in every turn of the event loop, or after so long:
 * where to look costs the processor time that what is waited for needs.
 */
export async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, againMs = 0): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`In ${String(deadlineMs / 1000)} s this did not come: ${what}.`);
    await (againMs > 0 ? delay(againMs) : turn());
  }
}
