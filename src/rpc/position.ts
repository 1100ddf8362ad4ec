import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';

/** A position or a count as a number. Fails with `invalid-argument` for one that JavaScript cannot count to. */
export function parsePosition(value: bigint, field: string): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new KacheryError('invalid-argument', `${quoted(String(value))} is too large for ${field}.`, { field });
}
