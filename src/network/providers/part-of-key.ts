import { type RecordKey } from './record-key.js';

/** The part of the index that a key belongs to, 0 to 255. */
export function partOfKey(key: RecordKey): number {
  return Number.parseInt(key.slice(0, 2), 16);
}
