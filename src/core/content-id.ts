import { KacheryError } from './failure.js';

/** SHA-1 of a whole file's content: 40 lower-case hexadecimal digits. Only {@link parseContentId} makes one. */
export type ContentId = string & { readonly __brand: 'ContentId' };

const pattern = /^[0-9a-f]{40}$/;

/** The content id that `text` spells. Fails with `invalid-hash`. */
export function parseContentId(text: string): ContentId {
  if (!isContentId(text)) {
    throw new KacheryError('invalid-hash', `${quoted(text)} is not a SHA-1 hash: 40 digits 0-9 and a-f, in lower case, are needed.`, {
      hash: text.slice(0, 100),
    });
  }
  return text;
}

/** Tells whether `text` spells a content id. */
export function isContentId(text: string): text is ContentId {
  return pattern.test(text);
}

/** `text` as a message shows it: in quotation marks, control characters escaped, and cut when it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
