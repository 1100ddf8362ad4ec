import { KacheryError } from '../core/failure.js';
import { jsonNumbers } from '../core/json-numbers.js';
import { parseJsonText } from '../core/parse-json-text.js';
import { keepsDigits } from './keeps-digits.js';

/**
 * The value of a JSON text that is to be kept as it was typed or piped in. Fails with `invalid-argument`, naming the `place` that holds it, for text that is not
 * JSON, that is longer than `maxBytes`, or that has a number whose digits would not all be kept.
 */
export function parseKeptJson(text: string, place: string, maxBytes: number): unknown {
  const value = parseJsonText(text, place, maxBytes);
  for (const token of jsonNumbers(text)) if (!keepsDigits(token)) throw losesDigits(token, place);
  return value;
}

function losesDigits(token: string, place: string): KacheryError {
  const problem = `${place} has the number ${token.slice(0, 100)}, whose last digits would be lost: it would be kept as ${String(Number(token))}.`;
  return new KacheryError('invalid-argument', `${problem} Write that, or write the number as a text, in quotation marks.`, { field: place });
}
