import { canonicalJson } from '../core/canonical-json.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseExactJson } from '../core/parse-exact-json.js';
import { type MutableKey } from './mutable-store.js';

/** The key that a JSON text names. Fails with `invalid-argument` if it is not JSON, is too long as canonical JSON, or has a whole number that a double cannot hold. */
export function parseMutableKey(text: string): MutableKey {
  const key = canonicalJson(parseExactJson(text, 'key_json', limits.maxMutableKeyBytes));
  if (key.length <= limits.maxMutableKeyBytes) return key as MutableKey;
  throw new KacheryError(
    'invalid-argument',
    `The key has ${String(key.length)} bytes as canonical JSON; at most ${String(limits.maxMutableKeyBytes)} are allowed. Give a shorter one.`,
    { field: 'key_json' },
  );
}
