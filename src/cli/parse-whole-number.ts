import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';

/** The whole number from 0 on that was typed behind `flag`; undefined if nothing was. Fails with `invalid-argument`. */
export function parseWholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new KacheryError('invalid-argument', `${flag} is ${quoted(text)}: a whole number from 0 on is needed.`, { field: flag });
}
