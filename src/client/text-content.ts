import { KacheryError } from '../core/failure.js';

/** Text as it is stored: UTF-8, unchanged otherwise. Fails with `invalid-argument` for half characters, which UTF-8 cannot hold. */
export function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  throw new KacheryError('invalid-argument', 'The text holds half of a surrogate pair, which UTF-8 cannot hold. Store it as bytes.', { field: 'text' });
}

/** The text that content holds. Fails with `invalid-argument` if it is not UTF-8. */
export function decodeText(content: Uint8Array, uri: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch (error) {
    throw new KacheryError('invalid-argument', `The content of ${uri} is not UTF-8 text. Load it with loadBytes.`, { uri }, { cause: error });
  }
}

/** The value that content holds. Fails with `invalid-argument` if it is not JSON. */
export function decodeJson(content: Uint8Array, uri: string): unknown {
  const text = decodeText(content, uri);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KacheryError('invalid-argument', `The content of ${uri} is not JSON. Load it with loadText.`, { uri }, { cause: error });
  }
}
