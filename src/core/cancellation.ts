import { KacheryError } from './failure.js';

/** Fails with `cancelled` if the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KacheryError('cancelled', 'The operation was cancelled by its caller.', {}, { cause: signal.reason });
}
