import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import test from 'ava';

import { until } from '../fault/until.js';
import { connected, type TestNode } from '../support/network.js';
import { expectFollow, expectLoad, linked } from './exchange.js';
import { joinChannel } from './join-channel.js';
import { nodeAt } from './node-at.js';
import { TestInternet } from './test-internet.js';

const MB = 1_000_000;
const lookAgainMs = 100;

test('a load whose line dies in the middle waits, and goes on when the line is back', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const [near, far] = [await internet.host(), await internet.host()];
  const [reader, source] = [await nodeAt(t, near, 'reader'), await nodeAt(t, far, 'source', ['--upload-limit', '8'])];
  await joinChannel(t, [reader, source], { bootstrapAddresses: [source.peerAddress] });
  await linked(reader, source, 'direct');
  const content = randomBytes(45 * MB);
  const uri = await source.client.storeBytes(content);
  const states = new Set<string>();
  const load = reader.client.loadFile(uri, { onProgress: ({ state }) => states.add(state) });
  load.catch(() => undefined);
  await until('the first chunk came', async () => (await receivedBytes(reader)) > 22 * MB, lookAgainMs);
  await far.plug('out');
  await until('the load says that it waits', () => states.has('waiting'), lookAgainMs);
  await far.plug('in');
  t.true((await readFile(await load)).equals(content));
  const received = await receivedBytes(reader);
  t.true(received < 70 * MB, `what was verified came once: ${String(received)}`);
});

test('five nodes that were parted in two and three find each other again by themselves', async (t) => {
  const internet = await TestInternet.open(t);
  if (!internet) return;
  const places = [];
  for (let index = 0; index < 5; index++) places.push(await internet.host());
  const nodes: TestNode[] = [];
  for (const [index, place] of places.entries()) nodes.push(await nodeAt(t, place, `node-${String(index)}`));
  await joinChannel(t, nodes, { bootstrapAddresses: nodes.slice(0, 1).map(({ peerAddress }) => peerAddress) });
  await Promise.all(nodes.map((node) => connected(node, 4)));
  const [fewPlaces, few, many] = [places.slice(3), nodes.slice(3), nodes.slice(0, 3)];
  await internet.separate(fewPlaces);
  // Otherwise connections over which nothing goes are found to be dead only after a minute.
  for (const place of fewPlaces) for (const other of places.slice(0, 3)) await place.run(['ss', '-K', 'dst', other.address]);
  await until('the two have only each other', async () => (await Promise.all(few.map(connectedCount))).every((count) => count === 1), lookAgainMs);
  const [one, other] = [few[0], few[1]];
  const first = many[0];
  if (!one || !other || !first) return t.fail();
  await expectLoad(t, one, other, MB);
  await internet.unite(fewPlaces);
  await Promise.all(nodes.map((node) => connected(node, 4)));
  await expectLoad(t, one, first, MB);
  await expectLoad(t, first, other, MB);
  await expectFollow(t, other, first);
});

async function receivedBytes({ client }: TestNode): Promise<number> {
  return (await client.channels.peers()).reduce((sum, peer) => sum + peer.receivedBytes, 0);
}

async function connectedCount({ client }: TestNode): Promise<number> {
  return (await client.channels.peers()).filter(({ isConnected }) => isConnected).length;
}
