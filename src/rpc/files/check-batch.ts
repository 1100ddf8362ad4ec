import { KacheryError } from '../../core/failure.js';

/** Fails with `too-large` if a batch has more than `limit` of `what`. */
export function checkBatch(actual: number, limit: number, what: string): void {
  if (actual <= limit) return;
  throw new KacheryError('too-large', `The batch has ${String(actual)} ${what}; at most ${String(limit)} are allowed in one request. Send several.`, {
    limit: String(limit),
    actual: String(actual),
  });
}
