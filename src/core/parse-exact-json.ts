import { KacheryError } from './failure.js';
import { inexactWholeNumber } from './inexact-whole-number.js';
import { parseJsonText } from './parse-json-text.js';

/**
 * The value of a JSON text that is compared with others. Fails as `parseJsonText`, and with `invalid-argument` for a whole number that a double cannot hold: it
 * would be taken for another one.
 */
export function parseExactJson(text: string, field: string, maxBytes: number): unknown {
  const value = parseJsonText(text, field, maxBytes);
  const inexact = inexactWholeNumber(text);
  if (inexact === undefined) return value;
  throw new KacheryError(
    'invalid-argument',
    `${field} has the whole number ${inexact.slice(0, 100)}, which cannot be told from others beside it, for numbers are compared as doubles. ` +
      'Write it as a text, in quotation marks.',
    { field },
  );
}
