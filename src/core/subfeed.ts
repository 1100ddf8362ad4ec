import { hash } from 'node:crypto';

import { canonicalJson } from './canonical-json.js';
import { isContentId, quoted } from './content-id.js';
import { KacheryError } from './failure.js';
import { type FeedId } from './feed-id.js';
import { limits } from './limits.js';
import { parseExactJson } from './parse-exact-json.js';

/** Hash of a subfeed's name: 40 lower-case hexadecimal digits. */
export type SubfeedHash = string & { readonly __brand: 'SubfeedHash' };

/** One subfeed of one feed. */
export interface SubfeedAddress {
  readonly feedId: FeedId;
  readonly subfeedHash: SubfeedHash;
}

/** What a subfeed is called. */
export interface SubfeedName {
  readonly hash: SubfeedHash;
  /** Canonical JSON; undefined if no more than the hash is known. */
  readonly nameJson: string | undefined;
}

/** The subfeed hash that `text` spells. Fails with `invalid-hash`. */
export function parseSubfeedHash(text: string): SubfeedHash {
  if (isContentId(text)) return text as string as SubfeedHash;
  throw new KacheryError('invalid-hash', `${quoted(text)} is not the hash of a subfeed: 40 digits 0-9 and a-f, in lower case, are needed.`, {
    hash: text.slice(0, 100),
  });
}

/**
 * The subfeed that a name, any JSON value, stands for: of a string the SHA-1 of its UTF-8, of `~` and 40 hexadecimal digits that hash, of any other value the
 * SHA-1 of its canonical JSON. As kachery-p2p 0.8, but for its spelling of numbers. Fails with `invalid-argument` for what is not JSON, for a text with half a
 * surrogate pair, and for a name whose canonical JSON is too long.
 */
export function subfeedOfName(name: unknown): SubfeedName {
  if (typeof name === 'string' && name.startsWith('~') && isContentId(name.slice(1))) return { hash: parseSubfeedHash(name.slice(1)), nameJson: undefined };
  const nameJson = canonicalJson(name);
  if (nameJson.length > limits.maxSubfeedNameBytes) throw nameTooLong(nameJson.length);
  if (typeof name === 'string' && !name.isWellFormed()) throw notUnicode(name);
  return { hash: hash('sha1', typeof name === 'string' ? name : nameJson) as SubfeedHash, nameJson };
}

/** The subfeed of a name that is given as JSON text. Fails with `invalid-argument`, also for a whole number that a double cannot hold. */
export function subfeedOfNameJson(text: string): SubfeedName {
  return subfeedOfName(parseExactJson(text, 'name_json', limits.maxSubfeedNameBytes));
}

function nameTooLong(actual: number): KacheryError {
  const limit = String(limits.maxSubfeedNameBytes);
  return new KacheryError('invalid-argument', `The name of a subfeed has at most ${limit} bytes as JSON; this one has ${String(actual)}.`, {
    field: 'name_json',
  });
}

function notUnicode(name: string): KacheryError {
  return new KacheryError('invalid-argument', `The name of a subfeed, ${quoted(name)}, holds half a surrogate pair, so it has no UTF-8.`, {
    field: 'name_json',
  });
}
