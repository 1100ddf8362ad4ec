import { KacheryError } from '../core/failure.js';

/** The failure of a call to a client that was closed. */
export function clientClosed(): KacheryError {
  return new KacheryError('invalid-argument', 'This client was closed. Get another one with connect().', { field: 'client' });
}
