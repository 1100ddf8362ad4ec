import test from 'ava';

import { mapInOrder } from '../../../src/core/map-in-order.js';
import { listed } from '../../support/listed.js';

test('results come in the order of the items, whichever is ready first, and so many are under way', async (t) => {
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

test('it fails with the first failure, when nothing is under way any more', async (t) => {
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

test('no more are worked on than may be', async (t) => {
  let [running, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    return item;
  };
  const items = Array.from({ length: 100 }, (_, index) => index);
  t.deepEqual(await listed(mapInOrder(items, 4, work)), items);
  t.is(most, 4);
});

test('a failure comes out in its place, and none of those behind it is left unheard', async (t) => {
  const results = mapInOrder([0, 1, 2, 3], 4, (item) => (item === 0 ? Promise.resolve(item) : Promise.reject(new Error(String(item)))));
  t.is((await results.next()).value, 0);
  await t.throwsAsync(results.next(), { message: '1' });
});

test('who takes no more waits for what is under way, and nothing else is begun', async (t) => {
  const [begun, ended]: [number[], number[]] = [[], []];
  for await (const item of mapInOrder([0, 1, 2, 3], 2, async (each) => {
    begun.push(each);
    await new Promise(setImmediate);
    ended.push(each);
    return each;
  })) {
    t.is(item, 0);
    break;
  }
  t.deepEqual(
    [begun, ended],
    [
      [0, 1],
      [0, 1],
    ],
  );
});
