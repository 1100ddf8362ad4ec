import { quoted } from './content-id.js';
import { KacheryError } from './failure.js';

/** The value of a JSON text. Fails with `invalid-argument`, naming the `field` that holds it, for text that is not JSON or is longer than `maxBytes`. */
export function parseJsonText(text: string, field: string, maxBytes: number): unknown {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > maxBytes) {
    throw new KacheryError('invalid-argument', `${field} has ${String(sizeBytes)} bytes; at most ${String(maxBytes)} are allowed.`, { field });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = `${field} is not JSON: ${quoted(text)}. A text needs its quotation marks, as in "\\"name\\"".`;
    throw new KacheryError('invalid-argument', problem, { field }, { cause: error });
  }
}
