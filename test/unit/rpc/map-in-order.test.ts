import test from 'ava';

import { mapInOrder } from '../../../src/rpc/files/map-in-order.js';

test('results come in the order of the items, whichever is ready first', async (t) => {
  const finish: (() => void)[] = [];
  const results = mapInOrder(
    [0, 1, 2],
    3,
    (item) =>
      new Promise<number>(
        (resolve) =>
          (finish[item] = () => {
            resolve(item);
          }),
      ),
  );
  const first = results.next();
  finish[2]?.();
  finish[1]?.();
  finish[0]?.();
  t.is((await first).value, 0);
  t.is((await results.next()).value, 1);
  t.is((await results.next()).value, 2);
  t.true((await results.next()).done);
});

test('no more are worked on than may be', async (t) => {
  let [running, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    return item;
  };
  const got: number[] = [];
  const items = Array.from({ length: 100 }, (_, index) => index);
  for await (const item of mapInOrder(items, 4, work)) got.push(item);
  t.deepEqual(got, items);
  t.is(most, 4);
});

test('a failure comes out in its place, and none of those behind it is left unheard', async (t) => {
  const results = mapInOrder([0, 1, 2, 3], 4, (item) => (item === 0 ? Promise.resolve(item) : Promise.reject(new Error(String(item)))));
  t.is((await results.next()).value, 0);
  await t.throwsAsync(results.next(), { message: '1' });
});
