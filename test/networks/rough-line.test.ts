import test, { type ExecutionContext } from 'ava';

import { type TestNode } from '../support/network.js';
import { expectFollow, expectLoad, linked } from './exchange.js';
import { joinChannel } from './join-channel.js';
import { nodeAt, peerPort } from './node-at.js';
import { makeRough } from './rough-line.js';
import { TestInternet } from './test-internet.js';

const roughness = { delayMs: 50, lost: 0.05, late: 0.05 };

/** Two machines between which there is nothing but a rough line, and a third one at the near end of it. Undefined where a test may not have them. */
async function openAcross(t: ExecutionContext) {
  const internet = await TestInternet.open(t);
  if (!internet) return undefined;
  const [near, hub] = [await internet.host(), await internet.host()];
  const router = await internet.router('none');
  const far = await router.host();
  for (const place of [near, hub]) await router.showWayTo(place);
  return (await makeRough(t, router, roughness)) ? { near, hub, far } : undefined;
}

async function expectWork(t: ExecutionContext, one: TestNode, other: TestNode): Promise<void> {
  const peer = (await one.client.channels.peers()).find(({ nodeId }) => nodeId === other.daemon.nodeId);
  t.true((peer?.roundTripMs ?? 0) >= 2 * roughness.delayMs, 'the line between them is the long one');
  await expectLoad(t, other, one, 600_000);
  await expectLoad(t, one, other, 100_000);
  await expectFollow(t, other, one);
}

test('over 100 ms of round trip with 5 % of loss files come whole and feeds are followed', async (t) => {
  const places = await openAcross(t);
  if (!places) return;
  const [one, other] = await Promise.all([nodeAt(t, places.near, 'one'), nodeAt(t, places.far, 'other')]);
  await joinChannel(t, [one, other], { bootstrapAddresses: [`${places.far.address}:${String(peerPort)}`] });
  await linked(one, other, 'direct');
  await expectWork(t, one, other);
});

test('so they do over UDP, where neither takes TCP connections', async (t) => {
  const places = await openAcross(t);
  if (!places) return;
  const entrance = `${places.hub.address}:49737`;
  const hub = await nodeAt(t, places.hub, 'hub', ['--dht-serve', entrance]);
  const flags = ['--dht-bootstrap', entrance, '--peer-host', 'none'];
  const [one, other] = await Promise.all([nodeAt(t, places.near, 'one', flags), nodeAt(t, places.far, 'other', flags)]);
  await joinChannel(t, [hub]);
  await joinChannel(t, [one, other]);
  await linked(one, other, 'hole-punched');
  await expectWork(t, one, other);
});
