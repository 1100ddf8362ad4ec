import { limits } from '../core/limits.js';
import { type Page } from '../core/page.js';
import { type DatabaseEntry, type DurableDatabase } from './durable-database.js';
import { type KeyRange } from './key-range.js';

/** At most `count` items from the beginning of a range; fewer if they are large with their keys, but one if there is one. Fails as the database. */
export async function readPage<Item>(
  database: DurableDatabase,
  range: KeyRange,
  count: number,
  decode: (...entry: DatabaseEntry) => Item,
): Promise<Page<Item>> {
  const items: Item[] = [];
  let sizeBytes = 0;
  for await (const entries of database.pages(range, { limit: count + 1 })) {
    for (const [key, value] of entries) {
      sizeBytes += key.byteLength + value.byteLength;
      if (items.length === count || (items.length > 0 && sizeBytes > limits.maxPageBytes)) return { items, hasMore: true };
      items.push(decode(key, value));
    }
  }
  return { items, hasMore: false };
}
