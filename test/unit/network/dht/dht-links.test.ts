import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import test, { type ExecutionContext } from 'ava';

import { DhtCarrier } from '../../../../src/network/dht/dht-carrier.js';
import { openDht } from '../../../../src/network/dht/open-dht.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity, silentLog } from '../../../support/linked-node.js';
import { collect, generatedBytes } from '../../../support/temporary-storage.js';

const address = 'https://example.org/lab.yaml';
const host = '127.0.0.1';

/** The entrance to a DHT of the test's own, as `host:port`. */
async function openBootstrap(t: ExecutionContext): Promise<string> {
  const bootstrapAddress = `${host}:${String(await freeUdpPort())}`;
  const { dht, close } = await openDht({ bootstrap: [], port: 0, bootstrapAddress, host });
  t.teardown(close);
  await dht.fullyBootstrapped();
  return bootstrapAddress;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** A node that takes no TCP connections, and is in the DHT. */
function startNode(t: ExecutionContext, bootstrap: string, identity: ReturnType<typeof newIdentity>, nodeIds: readonly (typeof identity)['id'][]) {
  return LinkedNode.start(t, {
    ...{ identity, isHidden: true, channels: [{ address, nodeIds }] },
    carriers: (parts) => [new DhtCarrier({ ...parts, random: Math.random, log: silentLog }, { bootstrap: [bootstrap], port: 0, host, isFirewalled: false })],
  });
}

const peerOf = (node: LinkedNode, other: LinkedNode) => node.peers.connected().find(({ nodeId }) => nodeId === other.id);

test('an entrance whose ports are in use, its own or one behind it, is refused and leaves nothing open', async (t) => {
  const port = await freeUdpPort();
  for (const taken of [port, port + 2]) {
    const socket = createSocket('udp4');
    socket.bind(taken, host);
    await once(socket, 'listening');
    const opening = openDht({ bootstrap: [], port: 0, bootstrapAddress: `${host}:${String(port)}`, host });
    await t.throwsAsync(opening, { message: new RegExp(`UDP ports.*${String(taken)} cannot be had.*--dht-serve`) });
    socket.close();
    await once(socket, 'close');
  }
  const { close } = await openDht({ bootstrap: [], port: 0, bootstrapAddress: `${host}:${String(port)}`, host });
  await close();
  t.pass();
});

test('two members of a channel find each other in the DHT, without anybody having told an address', async (t) => {
  const bootstrap = await openBootstrap(t);
  const [one, two] = [newIdentity(), newIdentity()];
  const nodeIds = [one.id, two.id];
  const [first, second] = [await startNode(t, bootstrap, one, nodeIds), await startNode(t, bootstrap, two, nodeIds)];
  await until('they are connected', () => peerOf(first, second) && peerOf(second, first));
  t.is(first.links.facts()[0]?.kind, 'hole-punched');
  const content = generatedBytes(10_000_000);
  for (const [reader, source] of [
    [first, second],
    [second, first],
  ] as const) {
    const id = source.store(content);
    t.true(content.equals(await collect(peerOf(reader, source)!.readFile(id, { start: 0, end: content.byteLength }))));
  }
  const seeds = first.addresses.seeds().map((seed) => seed.address);
  t.true(seeds.length > 0 && seeds.every((seed) => seed.startsWith('dht:') && !seed.includes(two.id)), 'what is announced is not the id of the node');
  await Promise.all([first.links.close(), second.links.close()]);
});

test('whoever announces himself under the topic of a channel and is not listed is not kept, and learns nothing', async (t) => {
  const bootstrap = await openBootstrap(t);
  const [one, stranger] = [newIdentity(), newIdentity()];
  const absent = newIdentity();
  const node = await startNode(t, bootstrap, one, [one.id, absent.id]);
  const other = await startNode(t, bootstrap, stranger, [one.id, stranger.id]);
  await until('each has found the other', () => node.addresses.seeds().length + other.addresses.seeds().length > 0);
  await until('they have met', () => node.callers.length > 0 || node.logged.some((line) => line.includes('no node could be connected')));
  t.deepEqual([...node.links.connected(), ...other.links.connected()], []);
});
