import { createHash } from 'node:crypto';

import test, { type ExecutionContext } from 'ava';

import { connect, type Feed, type KacheryClient, type Subfeed } from '../../src/client/index.js';
import { fails } from '../contract/client-contract.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { allItems, connectSdk, take } from '../support/sdk-client.js';
import { sharedBefore } from '../support/suite-resources.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const MiB = 1024 * 1024;

const shared = sharedBefore(test, async (t) => {
  const daemon = await startTestDaemon(t);
  return { daemon, client: await connectSdk(t, daemon) };
});

const newSubfeed = async (): Promise<Subfeed> => (await shared().client.feeds.create()).subfeed('main');
const valuesOf = async (subfeed: Subfeed, options?: Parameters<Subfeed['read']>[0]): Promise<unknown[]> =>
  (await allItems(subfeed.read(options))).map(({ value }) => value);

test.serial('a feed is made, found by id, URI and name, listed and deleted', async (t) => {
  const { feeds } = shared().client;
  const feed = await feeds.create('samples');
  t.like(feed, { name: 'samples', isWriteable: true, uri: `feed://${feed.id}` });
  t.true(Math.abs(feed.createdAt.getTime() - Date.now()) < 600_000);
  const nameless = await feeds.create();
  t.is(nameless.name, undefined);
  for (const text of [feed.id, feed.uri, 'samples']) t.is((await feeds.load(text)).id, feed.id, text);
  const ids = (await allItems(feeds.list())).map(({ id }) => id);
  t.true(ids.includes(feed.id) && ids.includes(nameless.id));
  await fails(t, feeds.create('samples'), 'already-exists');
  await fails(t, feeds.load('nobody'), 'feed-not-found');
  await feeds.create('half \ufffd');
  for (const work of [feeds.create('half \ud800'), feeds.load('half \ud800'), feeds.delete('half \ud800')]) await fails(t, work, 'invalid-argument');
  await fails(t, feeds.load('f'.repeat(64)), 'feed-not-found');
  await fails(t, feeds.load(`${feed.uri}/main`), 'invalid-uri');
  await fails(t, feeds.load('feed://x'), 'invalid-uri');
  const member = await connectSdk(t, shared().daemon, { configDir: await temporaryFolder(t) });
  await fails(t, member.feeds.delete(feed.id), 'owner-only');
  await feeds.delete('samples');
  await fails(t, feeds.load(feed.id), 'feed-not-found');
  await fails(t, feed.subfeed('main').append([1]), 'feed-not-found');
});

test.serial('messages of every kind are appended and read, whole and in part', async (t) => {
  const subfeed = await newSubfeed();
  const messages = [null, true, false, 0, 1.5, -1e21, '', 'text', '"\\\n\0', 'é', '😀', '\ud83d', { b: [{ '': null }], a: '\udc00x' }, [], {}, [[1], 'x']];
  t.is(await subfeed.append(messages.slice(0, 4)), 0);
  t.is(await subfeed.append(messages.slice(4)), 4);
  t.is(await subfeed.getLength(), messages.length);
  const read = await allItems(subfeed.read());
  t.deepEqual(
    read.map(({ value }) => value),
    messages,
  );
  t.deepEqual(
    read.map(({ position }) => position),
    [...messages.keys()],
  );
  t.true(read.every(({ appendedAt, submitterNodeId }) => submitterNodeId === undefined && Math.abs(appendedAt.getTime() - Date.now()) < 600_000));
  t.deepEqual(await valuesOf(subfeed, { position: 3 }), messages.slice(3));
  t.deepEqual(await valuesOf(subfeed, { position: 3, maxMessages: 2 }), messages.slice(3, 5));
  t.deepEqual(await valuesOf(subfeed, { maxMessages: 0 }), []);
  t.deepEqual(await valuesOf(subfeed, { position: messages.length }), []);
  await fails(t, valuesOf(subfeed, { position: messages.length + 1 }), 'position-beyond-end');
  for (const position of [-1, 0.5, NaN, 2 ** 60]) await fails(t, valuesOf(subfeed, { position }), 'invalid-argument');
  await fails(t, valuesOf(subfeed, { maxMessages: -1 }), 'invalid-argument');
});

test.serial('a subfeed has any JSON value as its name, and is told by name and hash', async (t) => {
  const feed = await shared().client.feeds.create();
  const names = ['main', '', 'a/b %', 'é😀', null, 3, ['x', 1], { b: 1, a: [true] }];
  for (const [index, name] of names.entries()) await feed.subfeed(name).append(Array<number>(index + 1).fill(index));
  t.is(await feed.subfeed({ a: [true], b: 1 }).getLength(), names.length);
  t.is(await feed.subfeed('nothing yet').getLength(), 0);
  const { hash, uri } = feed.subfeed('a/b %');
  t.is(hash, createHash('sha1').update('a/b %').digest('hex'));
  t.is(uri, `${feed.uri}/a%2Fb%20%25`);
  t.deepEqual(await valuesOf(feed.subfeed(`~${hash}`)), [2, 2, 2]);
  const { feeds } = shared().client;
  for (const name of names)
    t.deepEqual(await valuesOf(await feeds.loadSubfeed(feed.subfeed(name).uri)), await valuesOf(feed.subfeed(name)), JSON.stringify(name));
  await fails(t, feeds.loadSubfeed(feed.uri), 'invalid-uri');
  await fails(t, feeds.loadSubfeed('main'), 'invalid-uri');
  await fails(t, feeds.loadSubfeed(`feed://${'f'.repeat(64)}/main`), 'feed-not-found');
  const listed = await allItems(feed.listSubfeeds());
  t.deepEqual(
    listed.map((info) => info.hash),
    listed.map((info) => info.hash).sort(),
  );
  t.deepEqual(
    listed.map(({ name, length }) => ({ name, length })).sort((a, b) => a.length - b.length),
    names.map((name, index) => ({ name, length: index + 1 })),
  );
  for (const name of ['half \ud800', undefined, NaN, 1n, new Map(), 'x'.repeat(5_000)])
    t.throws(() => feed.subfeed(name), { name: 'KacheryError' }, typeof name);
});

test.serial('a subfeed with a long name is found by its URI, and watched', async (t) => {
  const { feeds } = shared().client;
  const feed = await feeds.create();
  const subfeed = feed.subfeed('é/'.repeat(500));
  t.is(subfeed.uri, `${feed.uri}/~${subfeed.hash}`);
  await subfeed.append([1]);
  t.deepEqual(await valuesOf(await feeds.loadSubfeed(subfeed.uri)), [1]);
  const [first] = await take(feeds.watch([{ subfeed }]), 1);
  t.true(first?.subfeed === subfeed && first.message.value === 1);
  await fails(t, take(feeds.watch([]), 1), 'invalid-argument');
});

test.serial('what JSON cannot say is refused before anything is sent', async (t) => {
  const subfeed = await newSubfeed();
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const bad = [NaN, Infinity, 2n ** 60n, undefined, Symbol('x'), () => 1, new Map(), Buffer.from('x'), cycle, { deep: [{ x: NaN }] }];
  for (const value of bad) {
    const error = await t.throwsAsync(subfeed.append(['good', value]), { name: 'KacheryError' }, typeof value);
    t.like(error, { reason: 'invalid-argument' });
    t.regex(error.message, /Message 1/);
  }
  await fails(t, subfeed.append(Array<unknown>(2)), 'invalid-argument');
  await fails(t, subfeed.append('text' as unknown as unknown[]), 'invalid-argument');
  await fails(t, subfeed.append(['text'], { encoding: 'bytes' }), 'invalid-argument');
  t.is(await subfeed.getLength(), 0);
});

test.serial('bytes are appended and read as they are, and a message that is not JSON stops nothing before it', async (t) => {
  const subfeed = await newSubfeed();
  const bytes = [Buffer.from('{"n":12345678901234567890}'), Buffer.from([0xff, 0]), Buffer.from('nonsense'), Buffer.alloc(0), Buffer.from('"\ufffd"')];
  await subfeed.append(bytes, { encoding: 'bytes' });
  t.deepEqual(await valuesOf(subfeed, { encoding: 'bytes' }), bytes);
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { value } of subfeed.read()) seen.push(value);
  })();
  const error = await t.throwsAsync(reading, { name: 'KacheryError' });
  t.like(error, { reason: 'invalid-argument', details: { position: '1' } });
  t.deepEqual(seen, [{ n: 12345678901234567000 }]);
  await fails(t, valuesOf(subfeed, { position: 2, maxMessages: 1 }), 'invalid-argument');
  await fails(t, valuesOf(subfeed, { position: 3, maxMessages: 1 }), 'invalid-argument');
  t.deepEqual(await valuesOf(subfeed, { position: 4 }), ['\ufffd']);
});

test.serial('an append is made whole and where it is expected, or not at all', async (t) => {
  const subfeed = await newSubfeed();
  t.is(await subfeed.append([1, 2], { expectedLength: 0 }), 0);
  await fails(t, subfeed.append([3], { expectedLength: 0 }), 'append-conflict');
  await fails(t, subfeed.append([3], { expectedLength: -1 }), 'invalid-argument');
  await fails(t, subfeed.append([]), 'invalid-argument');
  await fails(t, subfeed.append(Array<number>(10_001).fill(1)), 'too-large');
  await fails(t, subfeed.append(['x'.repeat(MiB)]), 'too-large');
  await fails(t, subfeed.append(Array<string>(7).fill('x'.repeat(MiB - 2))), 'too-large');
  await fails(t, subfeed.append(Array<string>(20).fill('x'.repeat(MiB - 2))), 'too-large');
  t.is(await subfeed.append(Array<number>(10_000).fill(1)), 2);
  t.is(await subfeed.append(Array<string>(6).fill('x'.repeat(MiB - 2))), 10_002);
  const races = await Promise.allSettled(Array.from({ length: 5 }, (_, writer) => subfeed.append([writer], { expectedLength: 10_008 })));
  t.is(races.filter(({ status }) => status === 'fulfilled').length, 1);
  t.is(await subfeed.getLength(), 10_009);
});

test.serial('writers at once lose nothing and mix no batches', async (t) => {
  const subfeed = await newSubfeed();
  const positions = await Promise.all(
    Array.from({ length: 100 }, async (_, writer) => ({
      writer,
      position: await subfeed.append(['first', 'second', 'third'].map((part) => ({ writer, part }))),
    })),
  );
  const read = await valuesOf(subfeed);
  t.is(read.length, 300);
  for (const { writer, position } of positions)
    t.deepEqual(
      read.slice(position, position + 3),
      ['first', 'second', 'third'].map((part) => ({ writer, part })),
    );
});

test.serial('an append whose connection breaks anywhere is made once', async (t) => {
  const { daemon } = shared();
  const proxy = await startCuttingProxy(t, daemon.port);
  const client = await connectSdk(t, daemon, { port: proxy.port, token: daemon.clientToken, configDir: await temporaryFolder(t) });
  const feed = await client.feeds.create();
  const subfeed = feed.subfeed('main');
  const appended: unknown[] = [];
  for (let bytes = 1; bytes < 1_200; bytes += 40) {
    void proxy.cutAfter(bytes);
    await subfeed.append([bytes, 'end']);
    appended.push(bytes, 'end');
  }
  t.deepEqual(await valuesOf((await shared().client.feeds.load(feed.id)).subfeed('main')), appended);
});

test.serial('an append and a read go on when the daemon is killed and started again', async (t) => {
  const daemon = await startTestDaemon(t);
  const client = await connectSdk(t, daemon);
  const subfeed = (await client.feeds.create()).subfeed('main');
  const large = 'x'.repeat(MiB - 100);
  for (let batch = 0; batch < 6; batch += 1) await subfeed.append(Array.from({ length: 5 }, (_, index) => [batch * 5 + index, large]));
  const numbers: unknown[] = [];
  let second: Promise<TestDaemon> | undefined;
  const restart = (): Promise<TestDaemon> => {
    daemon.kill('SIGKILL');
    return daemon.ended.then(() => startTestDaemon(t, { port: daemon.port, storageDir: daemon.storageDir, configDir: daemon.configDir }));
  };
  for await (const { value } of subfeed.read()) {
    numbers.push((value as unknown[])[0]);
    second ??= restart();
  }
  t.deepEqual(numbers, [...Array(30).keys()]);
  const again = await second;
  again?.kill('SIGKILL');
  const appending = subfeed.append(['last']);
  await again?.ended;
  await startTestDaemon(t, { port: daemon.port, storageDir: daemon.storageDir, configDir: daemon.configDir });
  t.is(await appending, 30);
  t.is(await subfeed.getLength(), 31);
});

test.serial('a snapshot holds the messages of some subfeeds or of all', async (t) => {
  const { client } = shared();
  const feed = await client.feeds.create();
  await feed.subfeed('a').append([1, { x: 2 }]);
  await feed.subfeed(['b']).append(['three']);
  const [a, b] = [feed.subfeed('a').hash, feed.subfeed(['b']).hash];
  const uri = await feed.createSnapshot();
  t.true(uri.endsWith('/feed.json'), uri);
  const subfeeds = { [a]: { subfeedHash: a, messages: [1, { x: 2 }] }, [b]: { subfeedHash: b, messages: ['three'] } };
  t.deepEqual(await client.loadJson(uri), { subfeeds });
  t.deepEqual(await client.loadJson(await feed.createSnapshot([['b']])), { subfeeds: { [b]: subfeeds[b] } });
});

test.serial('who the rules name may submit, and what it submits carries its name', async (t) => {
  const { client, daemon } = shared();
  const subfeed = await newSubfeed();
  await fails(t, subfeed.submit([1]), 'submit-not-allowed');
  t.deepEqual(await subfeed.getAccessRules(), []);
  const rules = [
    { nodeId: daemon.nodeId, mayWrite: true },
    { nodeId: 'f'.repeat(64), mayWrite: false },
  ];
  await subfeed.setAccessRules(rules);
  t.deepEqual(await subfeed.getAccessRules(), rules);
  await subfeed.append(['own']);
  t.is(await subfeed.submit(['submitted']), 1);
  t.is(await subfeed.submit([Buffer.from('1')], { encoding: 'bytes' }), 2);
  t.deepEqual(
    (await allItems(subfeed.read({ verified: true }))).map(({ submitterNodeId }) => submitterNodeId),
    [undefined, daemon.nodeId, daemon.nodeId],
  );
  await fails(t, subfeed.setAccessRules([{ nodeId: 'x', mayWrite: true }]), 'invalid-argument');
  const member = await connectSdk(t, daemon, { configDir: await temporaryFolder(t) });
  const ofMember = (await member.feeds.load(subfeed.uri.slice(0, -'/main'.length))).subfeed('main');
  await fails(t, ofMember.setAccessRules([]), 'owner-only');
  await fails(t, (await client.feeds.create()).subfeed('main').submit([NaN]), 'invalid-argument');
});

test.serial('offline every method says that feeds need a daemon', async (t) => {
  const client: KacheryClient = await connect({ offlineStorageDir: await temporaryFolder(t) });
  t.teardown(() => client.close());
  const { feeds } = client;
  const calls: Promise<unknown>[] = [
    feeds.create(),
    feeds.load('x'),
    feeds.loadSubfeed('x'),
    feeds.delete('x'),
    allItems<Feed>(feeds.list()),
    allItems(feeds.watch([])),
  ];
  for (const call of calls) await fails(t, call, 'offline');
});

test.serial('an operation that is given up fails with cancelled', async (t: ExecutionContext) => {
  const { client } = shared();
  const subfeed = await newSubfeed();
  await subfeed.append([1, 2, 3]);
  const signal = AbortSignal.abort();
  await fails(t, subfeed.append([4], { signal }), 'cancelled');
  await fails(t, client.feeds.create(undefined, { signal }), 'cancelled');
  await fails(t, allItems(client.feeds.list({ signal })), 'cancelled');
  const during = new AbortController();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { value } of subfeed.read({ signal: during.signal })) {
      seen.push(value);
      during.abort();
    }
  })();
  await fails(t, reading, 'cancelled');
  t.deepEqual(seen, [1]);
  t.is(await subfeed.getLength(), 3);
});
