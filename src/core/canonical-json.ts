import { compareByCodePoints } from './code-point-order.js';
import { escapeBeyondAscii } from './escape-beyond-ascii.js';
import { KacheryError } from './failure.js';

/**
 * The one text of a JSON value: members in the order of their names' code points, no white space, everything beyond printable ASCII escaped, numbers as
 * ECMAScript writes them. Equal values have equal texts. Fails with `invalid-argument` for what is not JSON, or is nested too deeply.
 */
export function canonicalJson(value: unknown): string {
  try {
    return textOf(value);
  } catch (error) {
    throw error instanceof RangeError ? notJson('it is nested too deeply') : error;
  }
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return escaped(value);
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw notJson(`${String(value)} is beyond the numbers that can be told apart`);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? `[${value.map(textOf).join(',')}]` : textOfObject(value as Readonly<Record<string, unknown>>);
    default:
      throw notJson(`it holds a ${typeof value}`);
  }
}

function textOfObject(value: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(value).sort(compareByCodePoints);
  return `{${names.map((name) => `${escaped(name)}:${textOf(value[name])}`).join(',')}}`;
}

function escaped(text: string): string {
  return escapeBeyondAscii(JSON.stringify(text));
}

function notJson(problem: string): KacheryError {
  return new KacheryError('invalid-argument', `The value cannot be told as JSON: ${problem}.`, { field: 'value' });
}
