import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';
import { type Page } from '../core/page.js';

const defaultPageSize = 1_000;
const tokenPrefix = 'after-';

/** How many items a page may have; 0 stands for the default. Fails with `invalid-argument`. */
export function parsePageSize(pageSize: number): number {
  if (pageSize <= limits.maxBatchItems) return pageSize === 0 ? defaultPageSize : pageSize;
  throw new KacheryError('invalid-argument', `A page of ${String(pageSize)} items is too large; at most ${String(limits.maxBatchItems)} are allowed.`, {
    field: 'page_size',
  });
}

/** The token of the page behind an item. */
function formatPageToken(item: string): string {
  return Buffer.from(tokenPrefix + item).toString('base64url');
}

/** The item that a page begins behind; undefined for the first page. Fails with `invalid-argument` for what is not a token of an item that `isItem` knows. */
export function parsePageToken<Item extends string>(token: string, isItem: (text: string) => text is Item): Item | undefined {
  if (token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString();
  const item = text.slice(tokenPrefix.length);
  if (text.startsWith(tokenPrefix) && isItem(item) && formatPageToken(item) === token) return item;
  throw new KacheryError('invalid-argument', `${quoted(token)} is not a page token of this daemon. Begin with the first page: leave page_token empty.`, {
    field: 'page_token',
  });
}

/** The token of the page behind this one; empty if there is none. */
export function nextPageToken<Item>({ items, hasMore }: Page<Item>, nameOf: (item: Item) => string): string {
  const last = items.at(-1);
  return last !== undefined && hasMore ? formatPageToken(nameOf(last)) : '';
}
