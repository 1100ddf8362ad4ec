import test from 'ava';

import { connect, type Mutable, type MutableChange, type MutableExpectation, type Mutables } from '../../src/client/index.js';
import { fails } from '../contract/client-contract.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { allItems, connectSdk } from '../support/sdk-client.js';
import { sharedBefore } from '../support/suite-resources.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const shared = sharedBefore(test, async (t) => {
  const daemon = await startTestDaemon(t);
  return { daemon, mutables: (await connectSdk(t, daemon)).mutables };
});

const anything = [null, true, false, 0, '0', '', 1.5, 'é😀', '\ud800', [], [1, 'a'], {}, { a: { b: null } }];

/** A change in few words. */
function told(change: MutableChange): string {
  return change.kind === 'set' ? `${JSON.stringify(change.mutable.key)}=${JSON.stringify(change.mutable.value)}` : `${JSON.stringify(change.key)} deleted`;
}

/** The changes of a watcher, one after another. */
function changesOf(changes: AsyncIterable<MutableChange>): { next: () => Promise<string>; leave: () => Promise<unknown> } {
  const iterator = changes[Symbol.asyncIterator]();
  return {
    next: async () => told((await iterator.next()).value as MutableChange),
    leave: async () => iterator.return?.(),
  };
}

test.serial('values of every kind are kept under keys of every kind', async (t) => {
  const { mutables } = shared();
  const versions: bigint[] = [];
  for (const value of anything) {
    t.is(await mutables.get(value), undefined);
    const mutable = await mutables.set(value, value);
    t.deepEqual(mutable.key, value);
    t.true(Math.abs(mutable.updatedAt.getTime() - Date.now()) < 600_000);
    versions.push(mutable.version);
    t.deepEqual(await mutables.get(value), mutable);
  }
  t.deepEqual(
    versions,
    versions.toSorted((a, b) => Number(a - b)),
  );
  t.is(new Set(versions).size, anything.length);
  await mutables.set({ b: 1, a: 2 }, 'same');
  t.is((await mutables.get({ a: 2, b: 1 }))?.value, 'same');
  t.true(await mutables.delete({ a: 2, b: 1 }));
  t.false(await mutables.delete({ b: 1, a: 2 }));
  t.is(await mutables.get({ a: 2, b: 1 }), undefined);
});

test.serial('what JSON cannot say, and what is too long, is refused', async (t) => {
  const { mutables } = shared();
  for (const bad of [undefined, NaN, Infinity, 1n, Symbol('x'), new Map(), Buffer.from('x'), [undefined]]) {
    await fails(t, mutables.set('k', bad), 'invalid-argument');
    await fails(t, mutables.set(bad, 1), 'invalid-argument');
    await fails(t, mutables.get(bad), 'invalid-argument');
    await fails(t, mutables.delete(bad), 'invalid-argument');
    await fails(t, mutables.set('k', 1, { expected: { value: bad } }), 'invalid-argument');
  }
  await fails(t, mutables.set('k', 1, { expected: {} as MutableExpectation }), 'invalid-argument');
  await fails(t, mutables.set('k'.repeat(5_000), 1), 'invalid-argument');
  await fails(t, mutables.set('k', 'x'.repeat(2 ** 20)), 'invalid-argument');
  await fails(t, mutables.get('k', { signal: AbortSignal.abort() }), 'cancelled');
  t.is(await mutables.get('k'), undefined);
});

test.serial('a change is made only if what is expected is there', async (t) => {
  const { mutables } = shared();
  await fails(t, mutables.set('counter', 1, { expected: { value: null } }), 'mutable-conflict');
  const tries = await Promise.allSettled([1, 2, 3].map((value) => mutables.set('counter', value, { expected: { absent: true } })));
  t.deepEqual(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
  await mutables.set('counter', { n: 0, by: 'nobody' });
  const { version } = await mutables.set('counter', 0, { expected: { value: { by: 'nobody', n: 0 } } });
  await fails(t, mutables.delete('counter', { expected: { value: 1 } }), 'mutable-conflict');
  await fails(t, mutables.delete('counter', { expected: { version: version - 1n } }), 'mutable-conflict');
  t.true(await mutables.delete('counter', { expected: { version } }));
  t.false(await mutables.delete('counter', { expected: { version } }));
});

test.serial('a counter that many increase loses nothing', async (t) => {
  const { mutables } = shared();
  await mutables.set('sum', 0);
  const increase = async (): Promise<Mutable> => {
    for (;;) {
      const { value, version } = (await mutables.get('sum')) as Mutable & { value: number };
      try {
        return await mutables.set('sum', value + 1, { expected: { version } });
      } catch (error) {
        t.like(error, { reason: 'mutable-conflict' });
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, increase));
  t.is((await mutables.get('sum'))?.value, 20);
});

test.serial('keys are listed by prefix, however many there are', async (t) => {
  const { mutables } = shared();
  const large = 'x'.repeat(500_000);
  for (let index = 0; index < 12; index += 1) await mutables.set(['job', index], large);
  await Promise.all(Array.from({ length: 1_200 }, (_, index) => mutables.set(`many-${String(index).padStart(4, '0')}`, index)));
  const many = await allItems(mutables.list({ keyJsonPrefix: '"many-' }));
  t.deepEqual(
    many.map(({ value }) => value),
    [...Array(1_200).keys()],
  );
  t.is((await allItems(mutables.list({ keyJsonPrefix: '["job",' }))).filter(({ value }) => value === large).length, 12);
  t.is((await allItems(mutables.list({ keyJsonPrefix: '"nothing' }))).length, 0);
  t.true((await allItems(mutables.list())).length > 1_212);
  await mutables.set('é\u007f😀1', 1);
  t.is((await allItems(mutables.list({ keyJsonPrefix: '"é\u007f😀' }))).length, 1);
  t.is((await allItems(mutables.list({ keyJsonPrefix: String.raw`"\u00e9\u007f` }))).length, 1);
});

test.serial('a watcher hears of what is there if it wants to, and of each change, until it is given up', async (t) => {
  const { mutables } = shared();
  await mutables.set('wé/old', 1);
  const abort = new AbortController();
  const watch = changesOf(mutables.watch({ keyJsonPrefix: '"wé/', withExisting: true, signal: abort.signal }));
  t.is(await watch.next(), '"wé/old"=1');
  const fresh = changesOf(mutables.watch({ keyJsonPrefix: '"wé/' }));
  const first = fresh.next();
  const next = watch.next();
  // Until the second watcher has heard of something it may not have begun.
  const setting = (async () => {
    for (let value = 2; ; value += 1) {
      await mutables.set('wé/new', value);
      if (await Promise.race([first.then(() => true), mutables.get('wé/new').then(() => false)])) return;
    }
  })();
  t.regex(await first, /^"wé\/new"=\d+$/);
  await setting;
  t.regex(await next, /^"wé\/new"=\d+$/);
  await fresh.leave();
  await mutables.set('other', 1);
  await mutables.delete('wé/old');
  let change = await watch.next();
  while (change.startsWith('"wé/new"=')) change = await watch.next();
  t.is(change, '"wé/old" deleted');
  const waiting = watch.next();
  abort.abort();
  await fails(t, waiting, 'cancelled');
});

test.serial('a watcher hears what changed while the daemon was away', async (t) => {
  const { port, storageDir, configDir, ...daemon } = await startTestDaemon(t);
  const { mutables } = await connectSdk(t, { port, storageDir, configDir, ...daemon });
  for (const key of ['kept', 'changed', 'deleted']) await mutables.set(key, 1);
  const [withExisting, without] = [changesOf(mutables.watch({ withExisting: true })), changesOf(mutables.watch())];
  t.deepEqual([await withExisting.next(), await withExisting.next(), await withExisting.next()], ['"changed"=1', '"deleted"=1', '"kept"=1']);
  const pending = [withExisting.next(), without.next()];
  await setUntilHeard(mutables, pending);
  daemon.kill('SIGKILL');
  await daemon.ended;

  // The watchers ask at the first one's port, so these changes are made while they cannot hear of them.
  const meanwhile = await startTestDaemon(t, { storageDir, configDir });
  const elsewhere = (await connectSdk(t, meanwhile)).mutables;
  await elsewhere.set('changed', 2);
  await elsewhere.delete('deleted');
  await elsewhere.set('new', 1);
  const heard = [withExisting, without].map(async ({ next }) => {
    const changes: string[] = [];
    while (changes.length < 3) {
      const change = await next();
      if (!change.startsWith('"begun"')) changes.push(change);
    }
    return { changes, next: next() };
  });
  await meanwhile.stop();
  const last: TestDaemon = await startTestDaemon(t, { port, storageDir, configDir });
  const later = await Promise.all(heard);
  for (const { changes } of later) t.deepEqual(changes, ['"changed"=2', '"new"=1', '"deleted" deleted']);
  await (await connectSdk(t, last)).mutables.set('kept', 3);
  for (const { next } of later) t.is(await next, '"kept"=3');
});

test.serial('a watcher that takes nothing while very many keys change hears of all that is there at last', async (t) => {
  const { mutables } = shared();
  const changes = mutables.watch({ keyJsonPrefix: '"slow-', withExisting: true })[Symbol.asyncIterator]();
  await mutables.set('slow-first', 0);
  t.is(told((await changes.next()).value as MutableChange), '"slow-first"=0');
  // More than the connection takes before the watcher does, so that the keys that follow wait in the daemon, and are too many there.
  const large = 'x'.repeat(500_000);
  for (let index = 0; index < 60; index += 1) await mutables.set(`slow-large-${String(index)}`, large);
  await Promise.all(Array.from({ length: 10_100 }, (_, index) => mutables.set(`slow-${String(index)}`, index)));
  await mutables.delete('slow-first');
  const known = new Map<unknown, unknown>([['slow-first', 0]]);
  while (known.size !== 10_160 || known.has('slow-first')) {
    const change = (await changes.next()).value as MutableChange;
    if (change.kind === 'set') known.set(change.mutable.key, change.mutable.value);
    else known.delete(change.key);
  }
  await changes.return?.();
  t.true(Array.from({ length: 10_100 }, (_, index) => known.get(`slow-${String(index)}`) === index).every(Boolean));
});

/** Sets a key again and again until all that wait have heard of it: then they have begun to watch. */
async function setUntilHeard(mutables: Mutables, waiting: readonly Promise<unknown>[]): Promise<void> {
  const all = Promise.all(waiting).then(() => true);
  for (let value = 0; !(await Promise.race([all, mutables.set('begun', value).then(() => false)])); value += 1);
}

test.serial('offline every method says that mutables need a daemon', async (t) => {
  const client = await connect({ offlineStorageDir: await temporaryFolder(t) });
  t.teardown(() => client.close());
  const { mutables } = client;
  const calls: Promise<unknown>[] = [mutables.get('k'), mutables.set('k', 1), mutables.delete('k'), allItems(mutables.list()), allItems(mutables.watch())];
  for (const call of calls) await fails(t, call, 'offline');
});
