import { createPrivateKey } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { signHead } from '../../../src/core/feed-head.js';
import { addressOf, appendOf, openFeeds, readAll } from '../../support/temporary-feeds.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

test('heads of this history are good, those of another one prove a fork that is remembered', async (t) => {
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

  const inTheMiddle = signHead(subfeed, { length: 1, lastHash: Buffer.alloc(32, 1) }, key);
  t.like(await t.throwsAsync(before.checkHead(inTheMiddle)), { reason: 'feed-forked' });
  await before.close();
  const after = await openFeeds(t, folder);
  t.like(await t.throwsAsync(after.append(appendOf(id, 'main', ['e']))), { reason: 'feed-forked' });
  t.is((await readAll(after, id, 'main')).length, 3);
  await t.notThrowsAsync(after.append(appendOf(id, 'other', ['e'])));
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
