import { canonicalJson } from '../core/canonical-json.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { parseExactJson } from '../core/parse-exact-json.js';

/** A text, also one that goes on behind the prefix, or white space. */
const textsAndWhiteSpace = /(?<text>"(?:[^"\\]|\\.)*(?:"|\\?$))|[ \t\r\n]+/gs;

/** How keys are typed: as texts, or as JSON. */
export interface KeyFlags {
  readonly keyJson?: boolean;
}

/** The key that was typed. Fails with `invalid-argument` if it should be JSON and is not. */
export function parseMutableKey(text: string, { keyJson }: KeyFlags): unknown {
  return keyJson === true ? parseExactJson(text, 'the key', limits.maxMutableKeyBytes) : text;
}

/** With what the canonical JSON of the wanted keys begins; empty, as all do, if nothing was typed. Fails with `invalid-argument` if no key can begin so. */
export function keyJsonPrefix(text: string | undefined, { keyJson }: KeyFlags): string {
  if (text === undefined) return '';
  return keyJson === true ? checkCompact(text) : canonicalJson(text).slice(0, -1);
}

function checkCompact(prefix: string): string {
  const compact = prefix.replaceAll(textsAndWhiteSpace, '$<text>');
  if (compact === prefix) return prefix;
  const problem = `No key begins with ${prefix}: keys are compared as canonical JSON, which has no white space outside of texts. Write ${compact}`;
  throw new KacheryError('invalid-argument', problem, { field: 'prefix' });
}
