import test, { type ExecutionContext } from 'ava';

import { connected, type TestNode } from '../support/network.js';
import { expectFollow, expectLoad, linkBetween, linked } from './exchange.js';
import { joinChannel } from './join-channel.js';
import { type NatKind } from './nat-router.js';
import { nodeAt } from './node-at.js';
import { TestInternet } from './test-internet.js';

const MB = 1_000_000;

/** A node that all reach, which is the entrance to a DHT, and two nodes, each behind a router of its own. Undefined where a test may not have them. */
async function openBehindRouters(t: ExecutionContext, kind: NatKind, otherKind = kind): Promise<readonly [TestNode, TestNode, TestNode] | undefined> {
  const internet = await TestInternet.open(t);
  if (!internet) return undefined;
  const outside = await internet.host();
  const entrance = `${outside.address}:49737`;
  const hub = await nodeAt(t, outside, 'hub', ['--dht-serve', entrance]);
  const behind = async (name: string, router: NatKind) => nodeAt(t, await (await internet.router(router)).host(), name, ['--dht-bootstrap', entrance]);
  return [hub, await behind('one', kind), await behind('other', otherKind)];
}

test.serial('two nodes behind routers that keep ports punch a hole through both, and need nobody else', async (t) => {
  const nodes = await openBehindRouters(t, 'cone');
  if (!nodes) return;
  const [hub, one, other] = nodes;
  // The entrance is in a channel of its own: all that it does for the others is to introduce them.
  await joinChannel(t, [hub]);
  await joinChannel(t, [one, other]);
  await linked(one, other, 'hole-punched');
  await expectLoad(t, one, other, 3 * MB);
  await expectLoad(t, other, one, 25 * MB);
  await expectFollow(t, one, other);
});

test.serial('two nodes behind routers that give each connection another port are carried by a relay', async (t) => {
  const nodes = await openBehindRouters(t, 'symmetric');
  if (!nodes) return;
  const [hub, one, other] = nodes;
  await joinChannel(t, nodes, { relays: [hub], bootstrapAddresses: [hub.peerAddress] });
  await linked(one, other, 'relayed');
  await expectLoad(t, one, other, 3 * MB);
  await expectFollow(t, one, other);
});

test.serial('where one router keeps ports and the other does not, there is a way at least over a relay', async (t) => {
  const nodes = await openBehindRouters(t, 'cone', 'symmetric');
  if (!nodes) return;
  const [hub, one, other] = nodes;
  await joinChannel(t, nodes, { relays: [hub], bootstrapAddresses: [hub.peerAddress] });
  await Promise.all([connected(one, 2), connected(other, 2)]);
  t.true(['relayed', 'hole-punched'].includes((await linkBetween(one, other)) ?? ''));
  await expectLoad(t, one, other, 3 * MB);
  await expectFollow(t, other, one);
});
