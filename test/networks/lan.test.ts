import test from 'ava';

import { until } from '../fault/until.js';
import { expectFollow, expectLoad, linkBetween, linked } from './exchange.js';
import { joinChannel } from './join-channel.js';
import { nodeAt } from './node-at.js';
import { TestInternet } from './test-internet.js';

const lookAgainMs = 50;

test('members in one network find each other without any address, unless one does not want to be found', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const places = [await internet.host(), await internet.host(), await internet.host()] as const;
  const [one, other] = [await nodeAt(t, places[0], 'one'), await nodeAt(t, places[1], 'other')];
  const quiet = await nodeAt(t, places[2], 'quiet', ['--lan-discovery', 'off']);
  await joinChannel(t, [one, other, quiet]);
  await linked(one, other, 'direct');
  await expectLoad(t, one, other, 1_000_000);
  await expectFollow(t, other, one);
  t.is(await linkBetween(one, quiet), undefined);
  t.is(await linkBetween(quiet, other), undefined);
});

test('nodes of two networks, each behind a router of its own, do not hear each other', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const [first, second] = [await internet.router('cone'), await internet.router('cone')];
  const [one, near, far] = [
    await nodeAt(t, await first.host(), 'one'),
    await nodeAt(t, await first.host(), 'near'),
    await nodeAt(t, await second.host(), 'far'),
  ];
  await joinChannel(t, [one, near, far]);
  await until('those of one network are connected', async () => (await linkBetween(one, near)) === 'direct', lookAgainMs);
  t.is(await linkBetween(one, far), undefined);
  t.is(await linkBetween(near, far), undefined);
});
