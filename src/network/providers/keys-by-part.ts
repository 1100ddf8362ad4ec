import { partOfKey } from './part-of-key.js';
import { type RecordKey } from './record-key.js';

/**
 * The keys by the part of the index that they belong to. The same members keep all records of a part, so a node with many contents has to tell them to
 * some hundred members, however many there are.
 */
export function keysByPart(keys: readonly RecordKey[]): ReadonlyMap<number, readonly RecordKey[]> {
  const parts = new Map<number, RecordKey[]>();
  for (const key of keys) {
    const part = partOfKey(key);
    const known = parts.get(part);
    if (known) known.push(key);
    else parts.set(part, [key]);
  }
  return parts;
}
