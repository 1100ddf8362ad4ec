import { execFileSync } from 'node:child_process';
import { link, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { parseFeedId } from '../../../src/core/feed-id.js';
import { limits } from '../../../src/core/limits.js';
import { parseNodeId } from '../../../src/core/node-id.js';
import { type FeedInfo, type SubfeedInfo } from '../../../src/feeds/feed-store.js';
import { addressOf, allItems, appendOf, openFeeds, readAll, textsOf } from '../../support/temporary-feeds.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

const nodeId = parseNodeId('ab'.repeat(32));
const requestId = 'request-0123456789';

test('what was appended is there again when the feeds are opened again', async (t) => {
  const folder = await temporaryFolder(t);
  const before = await openFeeds(t, folder);
  const feed = await before.create('samples');
  await before.append(appendOf(feed.id, 'main', ['a', '', 'c']));
  await before.append(appendOf(feed.id, 'main', ['d']));
  await before.append(appendOf(feed.id, { other: true }, ['x']));
  await before.close();

  const after = await openFeeds(t, folder);
  t.deepEqual(await after.find(feed.id), feed);
  t.deepEqual(await after.findByName('samples'), feed);
  t.deepEqual(await after.list(undefined, 10), { items: [feed], hasMore: false });
  t.deepEqual(textsOf(await readAll(after, feed.id, 'main')), ['a', '', 'c', 'd']);
  const { items: subfeeds } = await after.listSubfeeds(feed.id, undefined, 10);
  t.deepEqual(
    subfeeds.map(({ nameJson, length }) => ({ nameJson, length })).sort((a, b) => a.length - b.length),
    [
      { nameJson: '{"other":true}', length: 1 },
      { nameJson: '"main"', length: 4 },
    ],
  );
  t.is((await after.append(appendOf(feed.id, 'main', ['e']))).position, 4);
});

test('a private key is a file of its own that nobody else can read', async (t) => {
  const folder = await temporaryFolder(t);
  const feeds = await openFeeds(t, folder);
  const { id } = await feeds.create();
  t.deepEqual(await readdir(join(folder, 'feed-keys')), [`${id}.pem`]);
  t.is((await stat(join(folder, 'feed-keys', `${id}.pem`))).mode & 0o777, 0o600);
  t.is((await stat(join(folder, 'feed-keys'))).mode & 0o777, 0o700);
  t.is((await stat(join(folder, 'feeds'))).mode & 0o777, 0o700);
  const pem = await readFile(join(folder, 'feed-keys', `${id}.pem`), 'utf8');
  await feeds.append(appendOf(id, 'main', ['x']));
  await feeds.close();
  const secret = Buffer.from(pem.split('\n')[1] ?? '', 'base64').subarray(-32);
  for (const name of await readdir(join(folder, 'feeds'))) t.false((await readFile(join(folder, 'feeds', name))).includes(secret), name);
});

test('a feed whose key is lost or damaged can be read, and an append says what is wrong', async (t) => {
  const folder = await temporaryFolder(t);
  const before = await openFeeds(t, folder);
  const [lost, damaged] = [await before.create(), await before.create()];
  for (const { id } of [lost, damaged]) await before.append(appendOf(id, 'main', ['x']));
  await before.close();
  await rm(join(folder, 'feed-keys', `${lost.id}.pem`));
  await writeFile(join(folder, 'feed-keys', `${damaged.id}.pem`), 'not a key');
  const feeds = await openFeeds(t, folder);
  t.deepEqual(textsOf(await readAll(feeds, lost.id, 'main')), ['x']);
  const missing = await t.throwsAsync(feeds.append(appendOf(lost.id, 'main', ['y'])));
  t.like(missing, { reason: 'content-corrupt', details: { path: join(folder, 'feed-keys', `${lost.id}.pem`) } });
  t.regex(missing.message, /is missing/);
  t.like(await t.throwsAsync(feeds.append(appendOf(damaged.id, 'main', ['y']))), { reason: 'content-corrupt' });
});

test('a name is given once, and is free again when its feed is deleted', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => feeds.create('samples')));
  t.is(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results) if (result.status === 'rejected') t.like(result.reason, { reason: 'already-exists' });
  const { id } = await feeds.findByName('samples');
  await feeds.delete(id);
  t.like(await t.throwsAsync(feeds.findByName('samples')), { reason: 'feed-not-found', details: { name: 'samples' } });
  t.not((await feeds.create('samples')).id, id);
});

test('a refused name leaves no key behind', async (t) => {
  const folder = await temporaryFolder(t);
  const feeds = await openFeeds(t, folder);
  await Promise.allSettled(Array.from({ length: 5 }, () => feeds.create('samples')));
  t.is((await readdir(join(folder, 'feed-keys'))).length, 1);
});

test('a deleted feed is gone, with its key, and stays gone', async (t) => {
  const folder = await temporaryFolder(t);
  const clock = { now: () => 100_000 };
  const before = await openFeeds(t, folder, { clock });
  const { id } = await before.create();
  const kept = await before.create();
  const watched = before.watch([{ ...addressOf(id, 'main'), position: 1 }], new AbortController().signal)[Symbol.asyncIterator]();
  const heard = t.throwsAsync(watched.next());
  for (const feed of [id, kept.id]) await before.append(appendOf(feed, 'main', ['x']));
  await before.delete(id);
  const failure = { reason: 'feed-not-found', details: { feed_id: id, deleted_at: '1970-01-01T00:01:40.000Z' } } as const;
  t.like(await heard, failure);
  const after = async (feeds: typeof before): Promise<void> => {
    const attempts = [
      () => feeds.find(id),
      () => feeds.delete(id),
      () => readAll(feeds, id, 'main'),
      () => feeds.append(appendOf(id, 'main', ['y'])),
      () => feeds.listSubfeeds(id, undefined, 10),
      () => feeds.accessRules(addressOf(id, 'main')),
      () => feeds.setAccessRules(addressOf(id, 'main'), []),
      async () => {
        const watched = feeds.watch([{ ...addressOf(id, 'main'), position: 0 }], new AbortController().signal);
        await watched[Symbol.asyncIterator]().next();
      },
    ];
    for (const attempt of attempts) t.like(await t.throwsAsync(attempt), failure, attempt.toString());
    t.deepEqual((await feeds.list(undefined, 10)).items, [kept]);
    t.deepEqual(textsOf(await readAll(feeds, kept.id, 'main')), ['x']);
  };
  await after(before);
  t.deepEqual(await readdir(join(folder, 'feed-keys')), [`${kept.id}.pem`]);
  await before.close();
  await after(await openFeeds(t, folder));
});

test('an append whose key goes because the feed is deleted says that it was deleted', async (t) => {
  const folder = await temporaryFolder(t);
  const before = await openFeeds(t, folder);
  const { id } = await before.create();
  await before.close();
  const [key, sameKey] = [join(folder, 'feed-keys', `${id}.pem`), join(folder, 'key')];
  await rm(key);
  // Whoever opens a pipe to read waits until somebody opens it to write.
  execFileSync('mkfifo', ['-m', '600', key]);
  await link(key, sameKey);
  const feeds = await openFeeds(t, folder);
  const refused = t.throwsAsync(feeds.append(appendOf(id, 'main', ['x'])));
  await feeds.delete(id);
  await (await open(sameKey, 'r+')).close();
  t.like(await refused, { reason: 'feed-not-found', details: { feed_id: id } });
});

test('appends at once get positions of their own, each batch whole and in its order', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const { id } = await feeds.create();
  const batches = Array.from({ length: 50 }, (_, number) => [`${String(number)}a`, `${String(number)}b`, `${String(number)}c`]);
  const appended = await Promise.all(batches.map((batch) => feeds.append(appendOf(id, 'main', batch))));
  const texts = textsOf(await readAll(feeds, id, 'main'));
  t.is(texts.length, 150);
  for (const [index, { position }] of appended.entries()) t.deepEqual(texts.slice(position, position + 3), batches[index] ?? []);
});

test('appends at once keep their order also when the key has to be read first', async (t) => {
  const folder = await temporaryFolder(t);
  const before = await openFeeds(t, folder);
  const { id } = await before.create();
  await before.close();
  for (let round = 0; round < 10; round++) {
    const feeds = await openFeeds(t, folder);
    const appended = await Promise.all(Array.from({ length: 20 }, () => feeds.append(appendOf(id, `round ${String(round)}`, ['x']))));
    t.deepEqual(
      appended.map(({ position }) => position),
      Array.from({ length: 20 }, (_, index) => index),
    );
    await feeds.close();
  }
});

test('of appends that expect the same length one is made', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const { id } = await feeds.create();
  await feeds.append(appendOf(id, 'main', ['first'], { expectedLength: 0 }));
  const results = await Promise.allSettled(['a', 'b', 'c'].map((text) => feeds.append(appendOf(id, 'main', [text], { expectedLength: 1 }))));
  t.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
  const details = { feed_id: id, subfeed_hash: addressOf(id, 'main').subfeedHash, expected_length: '1', length: '2' };
  for (const result of results) if (result.status === 'rejected') t.like(result.reason, { reason: 'append-conflict', details });
  t.is(textsOf(await readAll(feeds, id, 'main')).length, 2);
});

test('a request that comes again appends nothing, also after a restart, until it is old', async (t) => {
  const folder = await temporaryFolder(t);
  let nowMs = 1_000_000;
  const clock = { now: () => nowMs };
  const before = await openFeeds(t, folder, { clock });
  const { id } = await before.create();
  const first = await before.append(appendOf(id, 'main', ['a', 'b'], { requestId }));
  nowMs += 1_000;
  const again = await Promise.all([1, 2, 3].map(() => before.append(appendOf(id, 'main', ['a', 'b'], { requestId }))));
  t.deepEqual(again, [first, first, first]);
  t.like(await t.throwsAsync(before.append(appendOf(id, 'main', ['a'], { requestId }))), { reason: 'invalid-argument', details: { field: 'request_id' } });
  t.is((await before.append(appendOf(id, 'other', ['x'], { requestId }))).position, 0);
  await before.close();

  const after = await openFeeds(t, folder, { clock });
  t.deepEqual(await after.append(appendOf(id, 'main', ['a', 'b'], { requestId })), first);
  nowMs += limits.rememberedRequestMs;
  t.deepEqual(await after.append(appendOf(id, 'main', ['a', 'b'], { requestId })), first);
  t.is((await after.append(appendOf(id, 'main', ['c'], { requestId: 'another-request-1' }))).position, 2);
  nowMs += limits.rememberedRequestMs;
  t.is((await after.append(appendOf(id, 'main', ['a', 'b'], { requestId }))).position, 3);
});

test('times do not go back within a subfeed', async (t) => {
  let nowMs = 5_000;
  const feeds = await openFeeds(t, await temporaryFolder(t), { clock: { now: () => nowMs } });
  const { id } = await feeds.create();
  await feeds.append(appendOf(id, 'main', ['a']));
  nowMs = 4_000;
  t.is((await feeds.append(appendOf(id, 'main', ['b']))).timestampMs, 5_000);
  nowMs = 6_000.7;
  t.is((await feeds.append(appendOf(id, 'main', ['c']))).timestampMs, 6_000);
});

test('a node submits where the rules name it, and is recorded', async (t) => {
  const folder = await temporaryFolder(t);
  const feeds = await openFeeds(t, folder);
  const { id } = await feeds.create();
  const address = addressOf(id, 'main');
  const submit = () => feeds.append(appendOf(id, 'main', ['x'], { submitter: nodeId }));
  t.deepEqual(await feeds.accessRules(address), []);
  t.like(await t.throwsAsync(submit), { reason: 'submit-not-allowed' });
  await feeds.setAccessRules(address, [{ nodeId, mayWrite: false }]);
  t.like(await t.throwsAsync(submit), { reason: 'submit-not-allowed' });
  await feeds.setAccessRules(address, [{ nodeId, mayWrite: true }]);
  await submit();
  await feeds.append(appendOf(id, 'main', ['y']));
  t.deepEqual(
    (await readAll(feeds, id, 'main')).map(({ submitter }) => submitter),
    [nodeId, undefined],
  );
  await feeds.close();
  t.deepEqual(await (await openFeeds(t, folder)).accessRules(address), [{ nodeId, mayWrite: true }]);
});

test('reads stop where they are told to', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const { id } = await feeds.create();
  await feeds.append(appendOf(id, 'main', ['aa', 'bb', 'cc']));
  await feeds.append(appendOf(id, 'main', ['dd', 'ee']));
  const read = async (position: number, options = {}) => textsOf(await readAll(feeds, id, 'main', position, options));
  t.deepEqual(await read(1), ['bb', 'cc', 'dd', 'ee']);
  t.deepEqual(await read(4), ['ee']);
  t.deepEqual(await read(5), []);
  t.deepEqual(await read(1, { maxMessages: 3 }), ['bb', 'cc', 'dd']);
  t.deepEqual(await read(0, { maxMessages: 3 }), ['aa', 'bb', 'cc']);
  t.deepEqual(await read(0, { maxBytes: 5 }), ['aa', 'bb']);
  t.deepEqual(await read(0, { maxBytes: 6 }), ['aa', 'bb', 'cc']);
  t.deepEqual(await read(2, { maxBytes: 1 }), ['cc']);
  t.deepEqual(await read(1, { maxMessages: 1, withProofs: true }), ['bb', 'cc']);
  t.deepEqual(await read(2, { maxMessages: 2, withProofs: true }), ['cc', 'dd', 'ee']);
  t.deepEqual(await read(0, { maxMessages: 3, withProofs: true }), ['aa', 'bb', 'cc']);
  t.deepEqual(await read(0, { maxBytes: 1, withProofs: true }), ['aa', 'bb', 'cc']);
  const beyond = await t.throwsAsync(read(6));
  t.like(beyond, { reason: 'position-beyond-end', details: { position: '6', length: '5' } });
  t.deepEqual(await readAll(feeds, id, 'empty'), []);
});

test('feeds and subfeeds are listed page by page', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const made = [];
  for (let number = 0; number < 5; number++) made.push((await feeds.create()).id);
  const [first = parseFeedId('0'.repeat(64))] = made;
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => feeds.append(appendOf(first, name, ['x']))));
  for (const count of [1, 2, 5, 10]) {
    const ids = await allItems<FeedInfo>((last) => feeds.list(last?.id, count));
    t.deepEqual(
      ids.map(({ id }) => id),
      made.toSorted(),
    );
    const subfeeds = await allItems<SubfeedInfo>((last) => feeds.listSubfeeds(first, last?.hash, count));
    t.deepEqual(subfeeds.map(({ nameJson }) => nameJson).sort(), ['"a"', '"b"', '"c"', '"d"', '"e"']);
  }
});

test('a page has fewer items where their names are long', async (t) => {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const { id } = await feeds.create();
  const names = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(4_000, 'n'));
  await Promise.all(names.map((name) => feeds.append(appendOf(id, name, ['x']))));
  const page = await feeds.listSubfeeds(id, undefined, 10_000);
  t.true(page.hasMore);
  t.true(page.items.reduce((sum, { nameJson }) => sum + (nameJson?.length ?? 0), 0) <= limits.maxPageBytes);
  t.is((await allItems<SubfeedInfo>((last) => feeds.listSubfeeds(id, last?.hash, 10_000))).length, 1_000);
});
