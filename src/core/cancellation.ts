import { KacheryError } from './failure.js';

/** The failure of an operation whose caller gave it up. */
export function cancelled(signal: AbortSignal | undefined): KacheryError {
  return new KacheryError('cancelled', 'The operation was cancelled by its caller.', {}, { cause: signal?.reason });
}

/** Fails with `cancelled` if the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}
