import { compareByCodePoints } from '../core/code-point-order.js';
import { limits } from '../core/limits.js';
import { type Page } from '../core/page.js';

/** Which page of a list that is in memory is wanted. */
export interface PageOptions<Item> {
  /** The name that the page begins behind; undefined for the first page. */
  readonly after: string | undefined;
  readonly count: number;
  /** Names differ from each other; the items are in the order of their code points. */
  readonly nameOf: (item: Item) => string;
  /** Bytes of an item in the message. */
  readonly sizeOf: (item: Item) => number;
}

/** At most `count` items behind a name; fewer if they are large, but one if there is one. */
export function pageBehind<Item>(items: readonly Item[], { after, count, nameOf, sizeOf }: PageOptions<Item>): Page<Item> {
  const behind = after === undefined ? items : items.filter((item) => compareByCodePoints(nameOf(item), after) > 0);
  const page: Item[] = [];
  let sizeBytes = 0;
  for (const item of behind) {
    sizeBytes += sizeOf(item);
    if (page.length === count || (page.length > 0 && sizeBytes > limits.maxPageBytes)) return { items: page, hasMore: true };
    page.push(item);
  }
  return { items: page, hasMore: false };
}
