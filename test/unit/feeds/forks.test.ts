import { createPrivateKey } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { signHead } from '../../../src/core/feed-head.js';
import { isForkProof } from '../../../src/core/fork-proof.js';
import { addressOf, appendOf, openFeeds, readAll } from '../../support/temporary-feeds.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

test('heads of this history are good, those of another one prove a fork: from then on nothing is read or appended', async (t) => {
  const folder = await temporaryFolder(t);
  const before = await openFeeds(t, folder);
  const { id } = await before.create();
  const subfeed = addressOf(id, 'main');
  const key = createPrivateKey(await readFile(join(folder, 'feed-keys', `${id}.pem`)));
  await before.append(appendOf(id, 'main', ['a', 'b']));
  await before.append(appendOf(id, 'main', ['c']));
  for (const { position, count, lastHash, signature = Buffer.alloc(0) } of await readAll(before, id, 'main')) {
    await t.notThrowsAsync(before.checkHead({ subfeed, length: position + count, lastHash, signature }));
  }
  const forged = { ...signHead(subfeed, { length: 2, lastHash: Buffer.alloc(32, 1) }, key), signature: Buffer.alloc(64) };
  t.like(await t.throwsAsync(before.checkHead(forged)), { reason: 'content-corrupt' });
  await before.append(appendOf(id, 'main', ['d']));

  const watched = before.watch([{ ...subfeed, position: 4 }], new AbortController().signal)[Symbol.asyncIterator]();
  const heard = t.throwsAsync(watched.next());
  const inTheMiddle = signHead(subfeed, { length: 1, lastHash: Buffer.alloc(32, 1) }, key);
  t.like(await t.throwsAsync(before.checkHead(inTheMiddle)), { reason: 'feed-forked' });
  t.like(await heard, { reason: 'feed-forked' });
  await before.close();
  const after = await openFeeds(t, folder);
  const attempts = [
    () => after.append(appendOf(id, 'main', ['e'])),
    () => readAll(after, id, 'main'),
    async () => {
      for await (const news of after.watch([{ ...subfeed, position: 0 }], new AbortController().signal)) t.fail(String(news.index));
    },
  ];
  for (const attempt of attempts) t.like(await t.throwsAsync(attempt), { reason: 'feed-forked' }, attempt.toString());
  await t.notThrowsAsync(after.append(appendOf(id, 'other', ['e'])));
  const { fork, length } = await after.findSubfeed(subfeed);
  t.is(length, 4);
  t.deepEqual(fork[0], inTheMiddle);
  t.deepEqual((await after.heads([subfeed]))[0]?.fork, fork);
});

test('a proof that convinces everybody takes the place of one that does not', async (t) => {
  const folder = await temporaryFolder(t);
  const feeds = await openFeeds(t, folder);
  const { id } = await feeds.create();
  const subfeed = addressOf(id, 'main');
  const key = createPrivateKey(await readFile(join(folder, 'feed-keys', `${id}.pem`)));
  await feeds.append(appendOf(id, 'main', ['a', 'b']));
  await t.throwsAsync(feeds.checkHead(signHead(subfeed, { length: 1, lastHash: Buffer.alloc(32, 1) }, key)));
  const differing = (await feeds.findSubfeed(subfeed)).fork;
  t.deepEqual(
    differing.map(({ length }) => length),
    [1, 2],
  );
  const shown = signHead(subfeed, { length: 2, lastHash: Buffer.alloc(32, 1) }, key);
  await t.throwsAsync(feeds.checkHead(shown));
  const [first, second] = (await feeds.findSubfeed(subfeed)).fork;
  t.deepEqual(first, shown);
  t.true(isForkProof({ first: first!, second: second! }));
  await t.throwsAsync(feeds.checkHead(signHead(subfeed, { length: 1, lastHash: Buffer.alloc(32, 1) }, key)));
  t.deepEqual((await feeds.findSubfeed(subfeed)).fork, [first, second]);
});

test('two heads that others show prove a fork of what is not here yet', async (t) => {
  const folder = await temporaryFolder(t);
  const { id } = await (await openFeeds(t, folder)).create();
  const subfeed = addressOf(id, 'main');
  const key = createPrivateKey(await readFile(join(folder, 'feed-keys', `${id}.pem`)));
  const heads = [1, 2].map((fill) => signHead(subfeed, { length: 7, lastHash: Buffer.alloc(32, fill) }, key));
  const replica = await openFeeds(t, await temporaryFolder(t));
  await replica.addReplica(id);
  const unsigned = heads.map((head) => ({ ...head, signature: Buffer.alloc(64) }));
  t.like(await t.throwsAsync(replica.checkFork(unsigned)), { reason: 'content-corrupt' });
  await t.notThrowsAsync(replica.checkFork([heads[0]!, heads[0]!]));
  await t.notThrowsAsync(replica.checkFork([heads[0]!, signHead(subfeed, { length: 8, lastHash: Buffer.alloc(32, 3) }, key)]));
  t.like(await t.throwsAsync(replica.checkFork(heads)), { reason: 'feed-forked' });
  t.deepEqual((await replica.findSubfeed(subfeed)).fork, heads);
});

test('a node that was set back to an old copy finds out from the head that it signed since', async (t) => {
  const [folder, copy] = [await temporaryFolder(t), await temporaryFolder(t)];
  const before = await openFeeds(t, folder);
  const { id } = await before.create();
  await before.append(appendOf(id, 'main', ['a']));
  await before.close();
  await cp(folder, copy, { recursive: true });
  const again = await openFeeds(t, folder);
  await again.append(appendOf(id, 'main', ['b']));
  const block = (await readAll(again, id, 'main'))[1]!;
  const setBack = await openFeeds(t, copy);
  const head = { subfeed: addressOf(id, 'main'), length: 2, lastHash: block.lastHash, signature: block.signature! };
  t.like(await t.throwsAsync(setBack.checkHead(head)), { reason: 'feed-forked' });
  t.like(await t.throwsAsync(setBack.append(appendOf(id, 'main', ['c']))), { reason: 'feed-forked' });
});
