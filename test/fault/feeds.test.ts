import { once } from 'node:events';
import { cp, readdir, readFile, stat, truncate } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { type MessageBatch, type WatchMessagesResponse } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { isKacheryError } from '../../src/core/failure.js';
import { type SubfeedInfo } from '../../src/feeds/feed-store.js';
import { failureFromServiceError } from '../../src/rpc/codec/failure-from-service-error.js';
import { FeedCalls, textsOf } from '../support/feed-calls.js';
import { bearer, callOnce, connectRpc } from '../support/rpc-clients.js';
import { addressOf, allItems, appendOf, openFeeds, readAll, textsOf as textsOfBlocks } from '../support/temporary-feeds.js';
import { temporaryFolder } from '../support/temporary-storage.js';
import { type DaemonProcess, TestNode } from './test-node.js';

const MiB = 1024 * 1024;
const subfeedNames = Array.from({ length: 10 }, (_, number) => `subfeed ${String(number)}`);
/** What a daemon may take while a watcher stands still before 150 MiB of messages. */
const maxAnonymousBytes = 200 * MiB;

async function connectFeeds(t: ExecutionContext, node: TestNode, daemon: DaemonProcess): Promise<FeedCalls> {
  const address = (await daemon.ready)?.address ?? '';
  const token = (await readFile(join(node.configDir, 'owner-token'), 'utf8')).trim();
  return new FeedCalls(connectRpc(t, address).feeds, bearer(token));
}

/** The three messages of the append of this number. */
const batchOf = (number: number): string[] => ['a', 'b', 'c'].map((letter) => `${String(number)}${letter}`);

for (const killedAfter of [1, 300, 900]) {
  test.serial(`a daemon that is killed after ${String(killedAfter)} of 1,000 appends at once has those, and of the others whole ones only`, async (t) => {
    const node = await TestNode.create(t);
    const daemon = await node.start();
    const calls = await connectFeeds(t, node, daemon);
    const feedId = await calls.create();
    const acknowledged = new Map<number, number>();
    const appends = Array.from({ length: 1_000 }, async (_, number) => {
      const position = await calls.append(feedId, subfeedNames[number % 10], batchOf(number));
      acknowledged.set(number, position);
      if (acknowledged.size === killedAfter) daemon.signal('SIGKILL');
    });
    await Promise.allSettled(appends);
    await daemon.end();
    t.true(acknowledged.size >= killedAfter);

    const again = await connectFeeds(t, node, await node.start());
    const logs = await Promise.all(subfeedNames.map((name) => again.texts(feedId, name)));
    const found = new Map<number, number>();
    for (const log of logs) {
      for (let position = 0; position < log.length; position += 3) {
        const number = Number.parseInt(log[position] ?? '', 10);
        t.deepEqual(log.slice(position, position + 3), batchOf(number));
        t.false(found.has(number));
        found.set(number, position);
      }
    }
    for (const [number, position] of acknowledged) t.is(found.get(number), position, String(number));
    t.is(await again.append(feedId, subfeedNames[0], ['on']), logs[0]?.length ?? 0);
  });
}

test.serial('1,000 watchers of one subfeed get every message in order', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await connectFeeds(t, node, daemon);
  const feedId = await calls.create();
  const texts = Array.from({ length: 20 }, (_, number) => String(number));
  const connections = await Promise.all(Array.from({ length: 5 }, () => connectFeeds(t, node, daemon)));
  const watchers = connections.flatMap((connection) =>
    Array.from({ length: 200 }, async () => {
      const stream = connection.watch(feedId, ['main']);
      const seen: string[] = [];
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject);
        stream.on('data', ({ batches }: WatchMessagesResponse) => {
          seen.push(...textsOf(batches));
          if (seen.length >= texts.length) resolve();
        });
      });
      stream.on('error', () => undefined);
      stream.cancel();
      return seen;
    }),
  );
  for (const text of texts) await calls.append(feedId, 'main', [text]);
  for (const seen of await Promise.all(watchers)) t.deepEqual(seen, texts);
});

test.serial('a watcher that stops reading costs the daemon no memory, and misses nothing', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await connectFeeds(t, node, daemon);
  const feedId = await calls.create();
  const stopped = (await connectFeeds(t, node, daemon)).watch(feedId, ['main']);
  await once(stopped, 'metadata');
  stopped.pause();
  for (let number = 0; number < 150; number++) await calls.append(feedId, 'main', [Buffer.alloc(MiB, number)]);
  if (platform() === 'linux') {
    const memory = /RssAnon:\s+(\d+) kB/.exec(await readFile(`/proc/${String(daemon.pid)}/status`, 'utf8'));
    t.true(Number(memory?.[1]) * 1024 < maxAnonymousBytes, memory?.[0]);
  } else t.log(`SKIPPED: ${t.title}: the daemon's memory is looked up in /proc`);
  const fills: (number | undefined)[] = [];
  stopped.on('error', () => undefined);
  for await (const { batches } of stopped as AsyncIterable<WatchMessagesResponse>) {
    fills.push(...batches.flatMap(({ messages }: MessageBatch) => messages.map((message) => message[0])));
    if (fills.length === 150) break;
  }
  t.deepEqual(
    fills,
    Array.from({ length: 150 }, (_, number) => number),
  );
});

test.serial('an append while its feed is deleted is made before, or finds no feed', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await connectFeeds(t, node, daemon);
  const feedId = await calls.create();
  const append = (number: number) => calls.append(feedId, 'main', batchOf(number)).then(() => 'appended', failureReason);
  const outcomes = await Promise.all([
    ...Array.from({ length: 100 }, (_, number) => append(number)),
    callOnce(calls.client, 'deleteFeed', { feedId }, calls.token).then(() => 'deleted'),
    ...Array.from({ length: 100 }, (_, number) => append(number)),
  ]);
  t.is(outcomes.filter((outcome) => outcome === 'deleted').length, 1);
  t.deepEqual([...new Set(outcomes)].sort(), ['appended', 'deleted', 'feed-not-found']);
  t.is(await calls.texts(feedId, 'main').catch(failureReason), 'feed-not-found');
  await daemon.kill();
  const again = await connectFeeds(t, node, await node.start());
  t.is(await again.texts(feedId, 'main').catch(failureReason), 'feed-not-found');
  t.is(await again.append(feedId, 'main', ['x']).catch(failureReason), 'feed-not-found');
  t.deepEqual(await readdir(join(node.configDir, 'feed-keys')), []);
});

test.serial('a database whose last write was torn has everything before it, and goes on', async (t) => {
  const folder = await temporaryFolder(t);
  const whole = await openFeeds(t, folder);
  const { id } = await whole.create();
  for (let number = 0; number < 20; number++) await whole.append(appendOf(id, 'main', batchOf(number)));
  await whole.close();
  const logName = (await readdir(join(folder, 'feeds'))).find((name) => name.endsWith('.log')) ?? '';
  const { size } = await stat(join(folder, 'feeds', logName));
  const lengths = new Set<number>();
  for (const lostBytes of [0, 1, 8, 100, 300, 500, 1_000, 2_000]) {
    const torn = await temporaryFolder(t);
    await cp(folder, torn, { recursive: true });
    await truncate(join(torn, 'feeds', logName), size - lostBytes);
    const feeds = await openFeeds(t, torn);
    const texts = textsOfBlocks(await readAll(feeds, id, 'main', 0, { withProofs: true }));
    lengths.add(texts.length);
    t.deepEqual(texts, Array.from({ length: texts.length / 3 }, (_, number) => batchOf(number)).flat(), `without ${String(lostBytes)} bytes`);
    t.is((await feeds.append(appendOf(id, 'main', ['on']))).position, texts.length);
    await feeds.close();
    t.is((await readAll(await openFeeds(t, torn), id, 'main')).length, texts.length / 3 + 1);
  }
  t.true(lengths.has(60) && lengths.size >= 3, [...lengths].join(' '));
});

test.serial('100,000 subfeeds are appended to, listed and read', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const { id } = await feeds.create();
  for (let first = 0; first < 100_000; first += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, (_, number) => feeds.append(appendOf(id, first + number, [String(first + number)]))));
  }
  const subfeeds = await allItems<SubfeedInfo>((last) => feeds.listSubfeeds(id, last?.hash, 10_000));
  t.is(new Set(subfeeds.map(({ nameJson }) => nameJson)).size, 100_000);
  for (const name of [0, 50_000, 99_999]) t.deepEqual(textsOfBlocks(await readAll(feeds, id, name)), [String(name)]);
  const address = addressOf(id, 100_000);
  const watched = feeds.watch([{ ...address, position: 0 }], new AbortController().signal)[Symbol.asyncIterator]();
  const news = watched.next();
  await feeds.append(appendOf(id, 100_000, ['new']));
  t.is((await news).done, false);
  await watched.return?.();
});

function failureReason(error: unknown): string {
  const failure = failureFromServiceError(error);
  return isKacheryError(failure) ? failure.reason : String(error);
}
