import test from 'ava';

import { limits } from '../../../src/core/limits.js';
import { pageBehind } from '../../../src/rpc/page-behind.js';

const items = Array.from({ length: 10 }, (_, index) => ({ name: `name-${String(index)}`, sizeBytes: 1 }));
const options = { nameOf: ({ name }: { name: string }) => name, sizeOf: ({ sizeBytes }: { sizeBytes: number }) => sizeBytes };

test('a page begins behind a name, whether or not that is there still', (t) => {
  t.deepEqual(pageBehind(items, { ...options, after: undefined, count: 4 }), { items: items.slice(0, 4), hasMore: true });
  t.deepEqual(pageBehind(items, { ...options, after: 'name-3', count: 100 }), { items: items.slice(4), hasMore: false });
  t.deepEqual(pageBehind(items, { ...options, after: 'name-3x', count: 6 }), { items: items.slice(4), hasMore: false });
  t.deepEqual(pageBehind(items, { ...options, after: 'name-9', count: 6 }), { items: [], hasMore: false });
});

test('large items make small pages, but none is empty', (t) => {
  const large = items.map((item) => ({ ...item, sizeBytes: limits.maxPageBytes / 2 }));
  t.is(pageBehind(large, { ...options, after: undefined, count: 100 }).items.length, 2);
  const huge = items.map((item) => ({ ...item, sizeBytes: 2 * limits.maxPageBytes }));
  t.deepEqual(pageBehind(huge, { ...options, after: 'name-0', count: 100 }), { items: huge.slice(1, 2), hasMore: true });
});
