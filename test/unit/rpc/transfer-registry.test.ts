import test from 'ava';

import { type Transfer, TransferRegistry } from '../../../src/rpc/transfer-registry.js';

/** A clock that stands until it is moved. */
class StandingClock {
  timeMs = 1_000;
  now(): number {
    return this.timeMs;
  }
}

/** The next transfers that a watcher is told of. */
async function take(watch: AsyncGenerator<Transfer, void, undefined>, count: number): Promise<Transfer[]> {
  const told: Transfer[] = [];
  while (told.length < count) {
    const { value, done } = await watch.next();
    if (done) break;
    told.push(value);
  }
  return told;
}

test('a watcher hears of transfers under way, of new ones and of their ends', async (t) => {
  const registry = new TransferRegistry(new StandingClock());
  const read = registry.begin('read', 'sha1://a', 100);
  const stop = new AbortController();
  const watch = registry.watch(stop.signal);
  t.deepEqual(await take(watch, 1), [{ id: 1, kind: 'read', state: 'active', uri: 'sha1://a', transferredBytes: 0, sizeBytes: 100, startedAtMs: 1_000 }]);

  const store = registry.begin('store', '', 0);
  read.add(100);
  read.end('done');
  store.end('failed');
  const news = await take(watch, 2);
  t.deepEqual(
    news.map(({ id, state, transferredBytes }) => ({ id, state, transferredBytes })),
    [
      { id: 1, state: 'done', transferredBytes: 100 },
      { id: 2, state: 'failed', transferredBytes: 0 },
    ],
  );
  stop.abort();
  t.true((await watch.next()).done);
});

test('the first end counts, and brings the address that was not known before', async (t) => {
  const registry = new TransferRegistry(new StandingClock());
  const stop = new AbortController();
  const watch = registry.watch(stop.signal);
  const first = take(watch, 1);
  const store = registry.begin('store', '', 0);
  await first;
  store.end('done', 'sha1://b');
  store.end('failed');
  const [told] = await take(watch, 1);
  t.like(told, { state: 'done', uri: 'sha1://b' });
  stop.abort();
  t.true((await watch.next()).done);
});

test('progress is told a few times a second', async (t) => {
  const clock = new StandingClock();
  const registry = new TransferRegistry(clock);
  const stop = new AbortController();
  const watch = registry.watch(stop.signal);
  const first = take(watch, 1);
  const read = registry.begin('read', 'sha1://a', 0);
  await first;
  const next = take(watch, 1);
  read.add(1);
  clock.timeMs += 249;
  read.add(1);
  clock.timeMs += 1;
  read.add(1);
  t.is((await next)[0]?.transferredBytes, 3);
  stop.abort();
});

test('a watcher that does not come after gets the latest of each transfer, and forgets the oldest when very many wait', async (t) => {
  const registry = new TransferRegistry(new StandingClock());
  const stop = new AbortController();
  const watch = registry.watch(stop.signal);
  const first = take(watch, 1);
  registry.begin('read', 'sha1://0', 0).end('done');
  await first;
  for (let index = 1; index <= 20_000; index++) registry.begin('read', `sha1://${String(index)}`, 0).end('done');
  registry.begin('store', 'sha1://last', 0);
  const told = await take(watch, 10_000);
  t.like(told.at(-1), { uri: 'sha1://last', state: 'active' });
  t.is(told[0]?.uri, 'sha1://10002');
  t.true(told.slice(0, -1).every(({ state }) => state === 'done'));
  stop.abort();
  t.true((await watch.next()).done);
});
