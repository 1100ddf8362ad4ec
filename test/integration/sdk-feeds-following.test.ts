import { setMaxListeners } from 'node:events';

import test, { type ExecutionContext } from 'ava';

import { type FeedMessage, isKacheryError, type Subfeed } from '../../src/client/index.js';
import { fails } from '../contract/client-contract.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { startTestDaemon, type TestDaemon } from '../support/daemon.js';
import { allItems, connectSdk, take } from '../support/sdk-client.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const MiB = 1024 * 1024;

const valuesOf = (messages: readonly FeedMessage[]): unknown[] => messages.map(({ value }) => value);

/** Appends whole numbers from `first` on, a few at a time, until the signal is aborted; resolves with how many there are. */
async function appendNumbers(subfeed: Subfeed, first: number, signal: AbortSignal): Promise<number> {
  let next = first;
  while (!signal.aborted) {
    const numbers = Array.from({ length: 1 + (next % 9) }, (_, index) => next + index);
    await subfeed.append(numbers);
    next += numbers.length;
  }
  return next;
}

/** Kills a daemon and starts another one in its place. */
async function restart(t: ExecutionContext, daemon: TestDaemon): Promise<TestDaemon> {
  const { port, storageDir, configDir } = daemon;
  daemon.kill('SIGKILL');
  await daemon.ended;
  return startTestDaemon(t, { port, storageDir, configDir });
}

test.serial('a follower gets what is there, then what comes, and ends at once when it is given up', async (t) => {
  const { feeds } = await connectSdk(t, await startTestDaemon(t));
  const subfeed = (await feeds.create()).subfeed('main');
  await subfeed.append(['a', 'b']);
  const abort = new AbortController();
  const following = subfeed.follow({ position: 1, signal: abort.signal })[Symbol.asyncIterator]();
  const next = async (): Promise<FeedMessage> => (await following.next()).value as FeedMessage;
  t.like(await next(), { position: 1, value: 'b' });
  const waiting = next();
  await subfeed.append(['c', 'd']);
  t.like(await waiting, { position: 2, value: 'c' });
  t.like(await next(), { position: 3, value: 'd' });
  const given = next();
  abort.abort();
  await fails(t, given, 'cancelled');
  t.true((await following.next()).done);

  const second = new AbortController();
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { value } of subfeed.follow({ signal: second.signal })) {
      seen.push(value);
      second.abort();
    }
  })();
  await fails(t, reading, 'cancelled');
  t.deepEqual(seen, ['a']);
});

test.serial('a thousand followers on one client leave room for other calls, and one more is told what to do', async (t) => {
  const { feeds } = await connectSdk(t, await startTestDaemon(t));
  const subfeed = (await feeds.create()).subfeed('main');
  await subfeed.append(['a']);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const followers = Array.from({ length: 1_000 }, () => subfeed.follow({ signal: abort.signal })[Symbol.asyncIterator]());
  const heard = await Promise.all(followers.map((follower) => follower.next()));
  t.true(heard.every(({ value }) => (value as FeedMessage).value === 'a'));
  await fails(t, allItems(subfeed.follow()), 'invalid-argument');
  t.is(await subfeed.append(['b']), 1);
  const last = await Promise.all(followers.map((follower) => follower.next()));
  t.true(last.every(({ value }) => (value as FeedMessage).value === 'b'));
  await followers[0]?.return?.();
  t.deepEqual(valuesOf(await take(subfeed.follow(), 1)), ['a']);
  abort.abort();
});

test.serial('a follower may begin behind the end, and hears when its feed is deleted', async (t) => {
  const { feeds } = await connectSdk(t, await startTestDaemon(t));
  const feed = await feeds.create();
  const subfeed = feed.subfeed('main');
  const following = subfeed.follow({ position: 3 })[Symbol.asyncIterator]();
  const first = following.next();
  await subfeed.append([0, 1]);
  await subfeed.append([2, 3]);
  t.is(((await first).value as FeedMessage).value, 3);
  const next = following.next();
  await feeds.delete(feed.id);
  await fails(t, next, 'feed-not-found');
  await fails(t, allItems(subfeed.follow({ position: -1 })), 'invalid-argument');
});

for (const verified of [false, true]) {
  test.serial(`a follower${verified ? ' that verifies' : ''} misses nothing and gets nothing twice when the daemon is killed and started again`, async (t) => {
    const daemon = await startTestDaemon(t);
    const [reader, writer] = [await connectSdk(t, daemon), await connectSdk(t, daemon)];
    const feed = await writer.feeds.create();
    const subfeed = feed.subfeed('main');
    const ofReader = (await reader.feeds.load(feed.id)).subfeed('main');
    await subfeed.append([...Array(1_000).keys()]);
    const stopped = new AbortController();
    const writing = appendNumbers(subfeed, 1_000, stopped.signal);
    const seen: FeedMessage[] = [];
    let current = Promise.resolve(daemon);
    for await (const message of ofReader.follow({ verified })) {
      seen.push(message);
      if (seen.length % 1_050 === 0) current = current.then((running) => restart(t, running));
      if (seen.length === 2_200) break;
    }
    await current;
    stopped.abort();
    const length = await writing;
    t.deepEqual(valuesOf(seen), [...Array(2_200).keys()]);
    t.deepEqual(valuesOf(await allItems(ofReader.read({ verified }))), [...Array(length).keys()]);
  });
}

for (const verified of [false, true]) {
  test.serial(`a follower${verified ? ' that verifies' : ''} whose connection breaks again and again gets everything once`, async (t) => {
    const daemon = await startTestDaemon(t);
    const proxy = await startCuttingProxy(t, daemon.port);
    const [writer, reader] = [
      await connectSdk(t, daemon),
      await connectSdk(t, daemon, { port: proxy.port, token: daemon.clientToken, configDir: await temporaryFolder(t) }),
    ];
    const feed = await writer.feeds.create();
    const text = 'x'.repeat(1_000);
    for (let first = 0; first < 20_000; first += 1_000) await feed.subfeed('main').append(Array.from({ length: 1_000 }, (_, index) => [first + index, text]));
    const numbers: unknown[] = [];
    let cuts = 0;
    let cut: Promise<unknown> | undefined;
    for await (const { value } of (await reader.feeds.load(feed.id)).subfeed('main').follow({ verified })) {
      numbers.push((value as unknown[])[0]);
      if (numbers.length === 20_000) break;
      if (numbers.length % 2_000 === 0) cut ??= proxy.cutAfter(700_000).then(() => ((cut = undefined), (cuts += 1)));
    }
    t.deepEqual(numbers, [...Array(20_000).keys()]);
    t.true(cuts > 2, `${String(cuts)} cuts`);
  });
}

test.serial('a follower that takes nothing holds the daemon back, and misses nothing', async (t) => {
  const daemon = await startTestDaemon(t);
  const proxy = await startCuttingProxy(t, daemon.port);
  const [writer, reader] = [
    await connectSdk(t, daemon),
    await connectSdk(t, daemon, { port: proxy.port, token: daemon.clientToken, configDir: await temporaryFolder(t) }),
  ];
  const feed = await writer.feeds.create();
  const following = (await reader.feeds.load(feed.id)).subfeed('main').follow({ encoding: 'bytes' })[Symbol.asyncIterator]();
  const first = following.next();
  const batches = 16;
  const batch = Array.from({ length: 24 }, (_, index) => Buffer.alloc(256 * 1024, index));
  for (let sent = 0; sent < batches; sent += 1) await feed.subfeed('main').append(batch, { encoding: 'bytes' });
  t.is(((await first).value as FeedMessage).position, 0);
  // Time enough for all of it, if nothing held it back.
  for (let call = 0; call < 1_000; call += 1) await writer.getNode();
  t.true(proxy.receivedBytes < 40 * MiB, `${String(proxy.receivedBytes)} bytes came`);
  for (let position = 1; position < batches * 24; position += 1) {
    const { value } = (await following.next()) as IteratorYieldResult<FeedMessage>;
    t.true(value.position === position && Buffer.compare(value.value as Uint8Array, batch[position % 24]!) === 0, String(position));
  }
  await following.return?.();
  t.true(proxy.receivedBytes > 90 * MiB);
});

test.serial('many subfeeds of several feeds are followed in one call', async (t) => {
  const { feeds } = await connectSdk(t, await startTestDaemon(t));
  const subfeeds: Subfeed[] = [];
  for (let index = 0; index < 10; index += 1) {
    const feed = await feeds.create();
    for (let name = 0; name < 30; name += 1) subfeeds.push(feed.subfeed(name));
  }
  await Promise.all(
    subfeeds.map((subfeed, index) =>
      subfeed.append([
        ['old', index],
        ['before', index],
      ]),
    ),
  );
  const watching = feeds.watch(
    subfeeds.map((subfeed, index) => (index % 2 === 0 ? { subfeed, position: 1 } : { subfeed })),
    { verified: true },
  );
  const found = new Map<Subfeed, FeedMessage[]>(subfeeds.map((subfeed) => [subfeed, []]));
  const note = async (count: number): Promise<void> => {
    for (const { subfeed, message } of await take(watching, count)) found.get(subfeed)?.push(message);
  };
  const all = note(450 + 300);
  await Promise.all(subfeeds.map((subfeed, index) => subfeed.append([['new', index]])));
  await all;
  for (const [index, subfeed] of subfeeds.entries()) {
    const expected = [
      ['old', index],
      ['before', index],
      ['new', index],
    ].slice(index % 2 === 0 ? 1 : 0);
    t.deepEqual(valuesOf(found.get(subfeed) ?? []), expected, String(index));
  }
  const unknown = { uri: `feed://${'f'.repeat(64)}/main` } as Subfeed;
  await fails(t, take(feeds.watch([{ subfeed: unknown }]), 1), 'feed-not-found');
});

test.serial('a client that is closed ends what it follows', async (t) => {
  const client = await connectSdk(t, await startTestDaemon(t));
  const subfeed = (await client.feeds.create()).subfeed('main');
  await subfeed.append([1]);
  const failure = (async () => {
    for await (const { value } of subfeed.follow()) if (value === 1) void client.close();
  })().catch((error: unknown) => (isKacheryError(error) ? error.reason : String(error)));
  t.is(await failure, 'cancelled');
});
