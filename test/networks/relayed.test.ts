import test from 'ava';

import { until } from '../fault/until.js';
import { expectFollow, expectLoad, linkBetween, linked } from './exchange.js';
import { joinChannel } from './join-channel.js';
import { nodeAt, peerPort } from './node-at.js';
import { TestInternet } from './test-internet.js';

const MB = 1_000_000;

test('where UDP is blocked on both sides, a relay carries everything over connections that go out to it', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const dhtAddress = (host: string) => `${host}:49737`;
  const hub = await internet.host();
  const places = [await (await internet.router('without-udp')).host(), await (await internet.router('without-udp')).host()];
  const relay = await nodeAt(t, hub, 'relay', ['--dht-serve', dhtAddress(hub.address)]);
  const [one, other] = await Promise.all(
    places.map((place, index) => nodeAt(t, place, `hidden-${String(index)}`, ['--dht-bootstrap', dhtAddress(hub.address)])),
  );
  if (!one || !other) return t.fail();
  await joinChannel(t, [relay, one, other], { relays: [relay], bootstrapAddresses: [relay.peerAddress] });
  await linked(one, other, 'relayed');
  t.is(await linkBetween(one, relay), 'direct');
  await expectLoad(t, one, other, 3 * MB);
  await expectFollow(t, other, one);
});

test('nodes in two networks that nothing connects but a relay with a foot in either reach each other through it', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const between = await internet.router('nothing');
  const [relay, one, other] = [
    await nodeAt(t, between.outside, 'relay'),
    await nodeAt(t, await internet.host(), 'one'),
    await nodeAt(t, await between.host(), 'other'),
  ];
  await joinChannel(t, [relay, one, other], { relays: [relay], bootstrapAddresses: [relay.peerAddress, `${between.gateway}:${String(peerPort)}`] });
  await linked(one, other, 'relayed');
  await expectLoad(t, one, other, 3 * MB);
  await expectFollow(t, other, one);
});

test('when the relay that carries two nodes ends, another one of the channel takes over', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const relays = [await nodeAt(t, await internet.host(), 'relay-0'), await nodeAt(t, await internet.host(), 'relay-1')];
  const behind = async (name: string) => nodeAt(t, await (await internet.router('cone')).host(), name);
  const [one, other] = [await behind('one'), await behind('other')];
  await joinChannel(t, [...relays, one, other], { relays, bootstrapAddresses: relays.map(({ peerAddress }) => peerAddress) });
  await linked(one, other, 'relayed');
  const carrierOf = async (): Promise<string | undefined> =>
    (await one.client.channels.peers()).find(({ nodeId, link }) => nodeId === other.daemon.nodeId && link === 'relayed')?.remoteAddress;
  const carrier = await carrierOf();
  const killed = relays.find(({ daemon }) => daemon.nodeId === carrier);
  if (!killed) return t.fail(`${String(carrier)} is no relay`);
  killed.daemon.kill('SIGKILL');
  await killed.daemon.ended;
  const successor = relays.find((relay) => relay !== killed)?.daemon.nodeId;
  await until('the other relay carries them', async () => (await carrierOf()) === successor, 100);
  await expectLoad(t, one, other, MB);
  await expectFollow(t, other, one);
});
