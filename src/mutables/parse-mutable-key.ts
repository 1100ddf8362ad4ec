import { canonicalJson } from '../core/canonical-json.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseJsonText } from '../core/parse-json-text.js';
import { type MutableKey } from './mutable-store.js';

/** The key that a JSON text names. Fails with `invalid-argument` if it is not JSON, or is too long as canonical JSON. */
export function parseMutableKey(text: string): MutableKey {
  const key = canonicalJson(parseJsonText(text, 'key_json', limits.maxMutableKeyBytes));
  if (key.length <= limits.maxMutableKeyBytes) return key as MutableKey;
  throw new KacheryError(
    'invalid-argument',
    `The key has ${String(key.length)} bytes as canonical JSON; at most ${String(limits.maxMutableKeyBytes)} are allowed. Give a shorter one.`,
    { field: 'key_json' },
  );
}
