import { quoted } from '../core/content-id.js';
import { KacheryError } from '../core/failure.js';
import { limits } from '../core/limits.js';

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
export function formatPageToken(item: string): string {
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

/** The first `count` of the items, of which one more was asked for, and the token of the page behind them. */
export function pageOf<Item>(items: readonly Item[], count: number, nameOf: (item: Item) => string): { page: readonly Item[]; nextPageToken: string } {
  const page = items.slice(0, count);
  const last = page.at(-1);
  return { page, nextPageToken: last !== undefined && items.length > count ? formatPageToken(nameOf(last)) : '' };
}
