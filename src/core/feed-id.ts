import { quoted } from './content-id.js';
import { KacheryError } from './failure.js';

/** Id of a feed: its ed25519 public key, 64 lower-case hexadecimal digits. Only {@link parseFeedId} makes one from text. */
export type FeedId = string & { readonly __brand: 'FeedId' };

const pattern = /^[0-9a-f]{64}$/;

/** The feed id that `text` spells. Fails with `invalid-argument`. */
export function parseFeedId(text: string): FeedId {
  if (isFeedId(text)) return text;
  throw new KacheryError('invalid-argument', `${quoted(text)} is not the id of a feed: 64 digits 0-9 and a-f, in lower case, are needed.`, {
    field: 'feed_id',
  });
}

/** Tells whether `text` spells a feed id. */
export function isFeedId(text: string): text is FeedId {
  return pattern.test(text);
}
