import { jsonNumbers } from './json-numbers.js';

/**
 * The first whole number in a JSON text that a double cannot hold, or undefined. Digits that canonical JSON itself writes for a double beyond 2^53 pass, so that
 * a canonical text may be given back.
 */
export function inexactWholeNumber(text: string): string | undefined {
  if (!/\d{16}/.test(text)) return undefined;
  for (const number of jsonNumbers(text)) if (/^-?\d+$/.test(number) && !isKept(number)) return number;
  return undefined;
}

function isKept(digits: string): boolean {
  const value = Number(digits);
  return Number.isFinite(value) && (JSON.stringify(value) === digits || BigInt(digits) === BigInt(value));
}
