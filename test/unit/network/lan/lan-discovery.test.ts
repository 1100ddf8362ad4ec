import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import makeMulticastDns from 'multicast-dns';

import { systemClock } from '../../../../src/core/clock.js';
import { limits } from '../../../../src/core/limits.js';
import { announcementRecords } from '../../../../src/network/lan/announcement-records.js';
import { type LanAnnouncement } from '../../../../src/network/lan/lan-announcement.js';
import { LanDiscovery } from '../../../../src/network/lan/lan-discovery.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity, silentLog } from '../../../support/linked-node.js';

const address = 'https://example.org/secret-lab.yaml';
const group = '224.0.0.251';

const problem = await whyNoMulticast();
const lanTest = problem === undefined ? test : test.skip;
if (problem !== undefined) console.log(`SKIPPED: discovery on the local network: multicast over loopback does not work here: ${problem}`);

/** A socket that hears the group on loopback, and sends to it there. */
async function openSocket(port: number, localAddress = '0.0.0.0'): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(port, localAddress);
  await once(socket, 'listening');
  socket.addMembership(group, '127.0.0.1');
  socket.setMulticastInterface('127.0.0.1');
  return socket;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

async function whyNoMulticast(): Promise<string | undefined> {
  try {
    const port = await freeUdpPort();
    const socket = await openSocket(port);
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
    socket.send('x', port, group);
    await heard.finally(() => socket.close());
    return undefined;
  } catch (error) {
    return String(error);
  }
}

interface Discovering {
  readonly port: number;
  readonly instance?: string;
  /** True to take no connections. */
  readonly isSilent?: boolean;
  readonly network?: string;
}

/** Discovery on loopback for a node, until the test ends. */
function discover(t: ExecutionContext, node: LinkedNode, { port, instance = node.id.slice(32, 48), isSilent = false, network = '127.0.0.0/8' }: Discovering) {
  const interfaces = () => {
    const ports = isSilent ? [undefined] : node.carrier.listeningAddresses().map((each) => Number(each.split(':')[1]));
    return ports.map((ownPort) => ({ address: '127.0.0.1', network, port: ownPort }));
  };
  const { membership, addresses } = node;
  const discovery = new LanDiscovery(
    { membership, addresses, interfaces, clock: systemClock, random: Math.random, log: silentLog },
    { instance: `x${instance}`, port, lookMs: 20 },
  );
  t.teardown(() => discovery.close());
  discovery.start();
  return discovery;
}

const lanSeeds = ({ addresses }: LinkedNode): readonly string[] => addresses.seeds().flatMap((seed) => (seed.origin === 'lan' ? seed.address : []));

/** A node that is alone in its channel, and finds what is announced on a port of its own. */
async function listener(t: ExecutionContext, options: Partial<Discovering> = {}) {
  const one = newIdentity();
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id] }] });
  const port = await freeUdpPort();
  const discovery = discover(t, node, { port, isSilent: true, ...options });
  const speaker = makeMulticastDns({ interface: '127.0.0.1', bind: '0.0.0.0', port });
  t.teardown(() => {
    speaker.destroy();
  });
  await once(speaker, 'ready');
  const tell = (announcement: Partial<LanAnnouncement>) =>
    new Promise((resolve) => {
      speaker.respond(announcementRecords({ instance: 'other', port: 1, ttlSeconds: 100, ...announcement }, '127.0.0.1'), resolve);
    });
  return { node, port, discovery, tell };
}

lanTest('two members of a channel find each other without any address', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const port = await freeUdpPort();
  const first = await LinkedNode.start(t, { identity: one, channels });
  const second = await LinkedNode.start(t, { identity: two, channels, isHidden: true });
  discover(t, first, { port });
  discover(t, second, { port, isSilent: true });
  await until('they are connected', () => first.links.connected()[0] && second.links.connected()[0]);
  t.deepEqual(lanSeeds(second), [first.address]);
  // Who takes no connections announces nothing.
  t.deepEqual(lanSeeds(first), []);
});

lanTest('what is announced tells no more than that a daemon is there, and goodbye when it is not any more', async (t) => {
  const one = newIdentity();
  const port = await freeUdpPort();
  const ear = await openSocket(port);
  t.teardown(() => ear.close());
  const packets: Buffer[] = [];
  ear.on('message', (packet) => packets.push(packet));
  const node = await LinkedNode.start(t, { identity: one, label: 'secret label', isHidden: false });
  const discovery = discover(t, node, { port, instance: '0123456789' });
  await new Promise((resolve) => setImmediate(resolve));
  t.is(packets.length, 0);
  node.membership.change([{ address, nodeIds: [one.id] }]);
  await until('it listens', () => node.carrier.listeningAddresses()[0]);
  const isAnnouncement = (packet: Buffer): boolean => packet.includes('x0123456789');
  await until('it announced itself', () => packets.some(isAnnouncement));
  node.membership.change([]);
  const count = packets.filter(isAnnouncement).length;
  await until('it said goodbye', () => packets.filter(isAnnouncement).length > count);
  await discovery.close();
  const told = Buffer.concat(packets);
  for (const secret of [
    one.id,
    one.id.slice(0, 8),
    address,
    'secret',
    channelTag(address).slice(0, 8),
    Buffer.from(one.id, 'hex'),
    Buffer.from(channelTag(address), 'hex'),
  ])
    t.false(told.includes(secret), String(secret));
});

lanTest('a daemon that says goodbye, or whose time is over, is forgotten', async (t) => {
  const { node, tell } = await listener(t);
  await until('it is heard', async () => (await tell({ port: 20422 }), lanSeeds(node).length === 1));
  t.deepEqual(lanSeeds(node), ['127.0.0.1:20422']);
  await tell({ instance: 'liar', port: 20422, ttlSeconds: 0 });
  await tell({ instance: 'short', port: 20423, ttlSeconds: 1 });
  await until('the second is heard', () => lanSeeds(node).includes('127.0.0.1:20423'));
  // The goodbye of another one counts nothing.
  t.true(lanSeeds(node).includes('127.0.0.1:20422'));
  await tell({ port: 20422, ttlSeconds: 0 });
  await until('both are forgotten', () => lanSeeds(node).length === 0);
});

lanTest('garbage is nothing, and what comes after it is heard', async (t) => {
  const { node, port, tell } = await listener(t);
  const socket = await openSocket(port);
  t.teardown(() => socket.close());
  const send = (packet: Buffer) =>
    new Promise((resolve) => {
      socket.send(packet, port, group, resolve);
    });
  const header = Buffer.from('000084000000ffff0000ffff', 'hex');
  const garbage = [Buffer.alloc(0), Buffer.from([0]), header, Buffer.concat([header, Buffer.alloc(1000, 0xc0)]), Buffer.alloc(9000, 0xff), Buffer.alloc(9000)];
  for (let round = 0; round < 50; round++) for (const packet of garbage) await send(packet);
  await tell({ port: 0 });
  await tell({ instance: '' });
  // Some packets get lost behind so much.
  await until('the good one is heard', async () => (await tell({ instance: 'y', port: 7 }), lanSeeds(node).length > 0));
  t.deepEqual(lanSeeds(node), ['127.0.0.1:7']);
});

lanTest('ten thousand invented daemons are a few', async (t) => {
  const { node, tell } = await listener(t);
  for (let port = 1; port <= 10_000; port++) await tell({ instance: `i${String(port)}`, port });
  await until('as many as may be are heard', () => lanSeeds(node).length === limits.maxLanNodesOfAddress);
  t.pass();
});

lanTest('what comes from another network is not listened to', async (t) => {
  const { node, port, tell } = await listener(t, { network: '127.0.0.0/31' });
  const far = createSocket('udp4').bind(0, '127.0.9.9');
  await once(far, 'listening');
  t.teardown(() => far.close());
  const ear = await openSocket(port);
  const packet = once(ear, 'message').finally(() => ear.close());
  await tell({ port: 5 });
  const [bytes] = (await packet) as [Buffer];
  await until('what is near is heard', () => lanSeeds(node).length === 1);
  // The same, from far away and of another port.
  const other = Buffer.from(bytes);
  other.writeUInt16BE(6, other.indexOf(Buffer.from([0, 0, 0, 0, 0, 5])) + 4);
  await new Promise((resolve) => {
    far.send(other, port, '127.0.0.1', resolve);
  });
  await tell({ instance: 'last', port: 7 });
  await until('what came after it is heard', () => lanSeeds(node).includes('127.0.0.1:7'));
  t.deepEqual(lanSeeds(node), ['127.0.0.1:5', '127.0.0.1:7']);
});
