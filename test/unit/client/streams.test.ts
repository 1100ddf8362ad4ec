import test from 'ava';

import { inGroups } from '../../../src/client/in-groups.js';
import { mapInOrder } from '../../../src/client/map-in-order.js';
import { regroup } from '../../../src/client/regroup.js';
import { Retries } from '../../../src/client/retries.js';
import { KacheryError } from '../../../src/core/failure.js';
import { limits } from '../../../src/core/limits.js';

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test('mapInOrder keeps the order, and so many under way', async (t) => {
  let underWay = 0;
  let most = 0;
  const resolvers: (() => void)[] = [];
  const results = listed(
    mapInOrder([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => {
        resolvers.push(resolve);
        // The last of those under way ends first.
        if (resolvers.length === 3 || item === 6) for (const end of resolvers.splice(0).reverse()) end();
      });
      underWay -= 1;
      return item * 10;
    }),
  );
  t.deepEqual(await results, [0, 10, 20, 30, 40, 50, 60]);
  t.is(most, 3);
});

test('mapInOrder fails with the first failure, when nothing is under way any more', async (t) => {
  let ended = 0;
  const work = mapInOrder([0, 1, 2], 3, async (item) => {
    await Promise.resolve();
    ended += 1;
    if (item === 0) throw new Error('the first');
    return item;
  });
  await t.throwsAsync(listed(work), { message: 'the first' });
  t.is(ended, 3);
});

test('inGroups fills each group as far as its bounds allow', async (t) => {
  const bounds = { maxItems: 3, maxBytes: 10, sizeBytesOf: (size: number) => size };
  t.deepEqual(await listed(inGroups([1, 1, 1, 1, 9, 2, 20, 5, 5, 1], bounds)), [[1, 1, 1], [1, 9], [2], [20], [5, 5], [1]]);
  t.deepEqual(await listed(inGroups([], bounds)), []);
});

test('regroup makes pieces of one size with room before them', async (t) => {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let piece = 0; piece < 2_000; piece += 1) yield Buffer.alloc(700, piece);
    yield Buffer.alloc(0);
    yield Buffer.alloc(3 * limits.dataMessageBytes, 7);
  }
  const pieces = await listed(regroup(source()));
  const sizeBytes = 2_000 * 700 + 3 * limits.dataMessageBytes;
  t.deepEqual(
    pieces.map(({ data }) => data.length),
    [...Array.from({ length: 4 }, () => limits.dataMessageBytes), sizeBytes - 4 * limits.dataMessageBytes],
  );
  t.true(pieces.every(({ data, headroomBytes }) => data.byteOffset >= headroomBytes));
  const expected = Buffer.concat(await listed(source()));
  t.true(Buffer.concat(pieces.map(({ data }) => data)).equals(expected));
});

test('retries end after some tries, begin anew with progress, and are for passing failures only', async (t) => {
  const busy = new KacheryError('too-busy', 'busy');
  const retries = new Retries(['too-busy'], [0, 0]);
  await retries.wait(busy, undefined);
  await retries.wait(busy, undefined);
  t.is(await t.throwsAsync(retries.wait(busy, undefined)), busy);
  retries.progress();
  await retries.wait(busy, undefined);
  const other = new KacheryError('disk-full', 'full');
  t.is(await t.throwsAsync(retries.wait(other, undefined)), other);
  await t.throwsAsync(new Retries(['too-busy'], [1_000_000]).wait(busy, AbortSignal.abort()), { message: /cancelled/ });
});
