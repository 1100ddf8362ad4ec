import { KacheryError } from '../core/failure.js';
import { parseJsonText } from '../core/parse-json-text.js';

const textsAndNumbers = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * The value of a JSON text that was typed or piped in. Fails with `invalid-argument`, naming the `place` that holds it, for text that is not JSON, that is
 * longer than `maxBytes`, or that has a whole number whose digits would not all be kept.
 */
export function parseExactJson(text: string, place: string, maxBytes: number): unknown {
  const value = parseJsonText(text, place, maxBytes);
  if (/\d{16}/.test(text)) checkNumbers(text, place);
  return value;
}

function checkNumbers(text: string, place: string): void {
  for (const [token] of text.matchAll(textsAndNumbers)) {
    if (!/^-?\d+$/.test(token) || BigInt(token) === BigInt(Number(token))) continue;
    const advice = 'Write it as a text, in quotation marks, or use the Python package, which keeps such numbers.';
    throw new KacheryError('invalid-argument', `${place} has the number ${token.slice(0, 100)}, whose last digits would be lost. ${advice}`, { field: place });
  }
}
