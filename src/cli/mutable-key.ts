import { canonicalJson } from '../core/canonical-json.js';
import { limits } from '../core/limits.js';
import { parseExactJson } from './parse-exact-json.js';

/** How keys are typed: as texts, or as JSON. */
export interface KeyFlags {
  readonly keyJson?: boolean;
}

/** The key that was typed. Fails with `invalid-argument` if it should be JSON and is not. */
export function parseMutableKey(text: string, { keyJson }: KeyFlags): unknown {
  return keyJson === true ? parseExactJson(text, 'the key', limits.maxMutableKeyBytes) : text;
}

/** With what the canonical JSON of the wanted keys begins; empty, as all do, if nothing was typed. */
export function keyJsonPrefix(text: string | undefined, { keyJson }: KeyFlags): string {
  if (text === undefined) return '';
  return keyJson === true ? text : canonicalJson(text).slice(0, -1);
}
