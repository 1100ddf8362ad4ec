import { limits } from '../../../core/limits.js';
import { parseJsonText } from '../../../core/parse-json-text.js';

/** A message as it is appended: the JSON text that was given, so that no number loses digits. Fails with `invalid-argument`, naming the `place` of the text. */
export function encodeMessage(text: string, place: string): Uint8Array {
  parseJsonText(text, place, limits.maxFeedMessageBytes);
  return Buffer.from(text);
}
