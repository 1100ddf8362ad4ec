import { quoted } from '../core/content-id.js';
import { escapeBeyondAscii } from '../core/escape-beyond-ascii.js';
import { KacheryError } from '../core/failure.js';

/**
 * JSON as `kp.store_json` writes it, so that equal values get equal URIs: compact, in insertion order, everything beyond printable ASCII escaped.
 * Fails with `invalid-argument` for what JSON cannot say without loss: undefined, NaN, Infinity, bigint, functions, symbols, maps, sets, typed arrays, cycles.
 */
export function encodeJson(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value, refuseLoss);
  } catch (error) {
    if (error instanceof KacheryError) throw error;
    throw notJson(problemOf(error), error);
  }
  return escapeBeyondAscii(text);
}

/** A Buffer has a toJSON method, so that only its holder still shows what it is. */
function refuseLoss(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const problem = lossOf(Buffer.isBuffer(this[key]) ? this[key] : value);
  if (problem !== undefined) throw notJson(key === '' ? `it is ${problem}` : `${quoted(key)} in it is ${problem}`);
  return value;
}

function lossOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'undefined':
    case 'function':
    case 'symbol':
      return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
    case 'bigint':
      return 'a bigint; write it as a number or as text';
    case 'number':
      return Number.isFinite(value) ? undefined : String(value);
    case 'object':
      return value instanceof Map || value instanceof Set || ArrayBuffer.isView(value) || value instanceof ArrayBuffer
        ? `a ${value.constructor.name}; convert it to an array or a plain object`
        : undefined;
    default:
      return undefined;
  }
}

function problemOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  return error instanceof TypeError ? 'it contains itself' : 'a toJSON method of it failed';
}

function notJson(problem: string, cause?: unknown): KacheryError {
  return new KacheryError('invalid-argument', `The value cannot be stored as JSON: ${problem}.`, { field: 'value' }, { cause });
}
