import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import makeMulticastDns from 'multicast-dns';

import { systemClock } from '../../../../src/core/clock.js';
import { limits } from '../../../../src/core/limits.js';
import { announcementRecords } from '../../../../src/network/lan/announcement-records.js';
import { type LanAnnouncement } from '../../../../src/network/lan/lan-announcement.js';
import { LanDiscovery } from '../../../../src/network/lan/lan-discovery.js';
import { lanService } from '../../../../src/network/lan/lan-service.js';
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

/** Multicast DNS on loopback as others speak and hear it, `from` an address of which it comes. */
async function openSpeaker(t: ExecutionContext, port: number, from = '0.0.0.0') {
  const dns = makeMulticastDns({ interface: '127.0.0.1', bind: from, port });
  t.teardown(() => {
    dns.destroy();
  });
  await once(dns, 'ready');
  const tell = (announcement: Partial<LanAnnouncement>) =>
    new Promise((resolve) => {
      dns.respond(announcementRecords({ instance: 'other', port: 1, ttlSeconds: 100, ...announcement }, '127.0.0.1'), resolve);
    });
  const ask = () =>
    new Promise((resolve) => {
      dns.query({ questions: [{ type: 'PTR', name: lanService }] }, resolve);
    });
  return { dns, tell, ask };
}

/** A node that is alone in its channel, and finds what is announced on a port of its own. */
async function listener(t: ExecutionContext, { port, ...options }: Partial<Discovering> = {}) {
  const one = newIdentity();
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id] }] });
  const ownPort = port ?? (await freeUdpPort());
  const discovery = discover(t, node, { port: ownPort, isSilent: true, ...options });
  return { node, port: ownPort, discovery, ...(await openSpeaker(t, ownPort)) };
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

/** How often the daemon of this name has said goodbye: in records that hold for no time, of every kind that it announces. */
async function goodbyesOf(t: ExecutionContext, port: number, instance: string): Promise<() => number> {
  const { dns } = await openSpeaker(t, port);
  let count = 0;
  dns.on('response', ({ answers = [] }) => {
    const types = answers.filter((record) => 'ttl' in record && record.ttl === 0 && JSON.stringify(record).includes(instance)).map(({ type }) => type);
    if (['PTR', 'SRV', 'TXT', 'A'].every((type) => types.some((each) => each === type))) count++;
  });
  return () => count;
}

lanTest('a daemon that stops, or leaves its last channel, is forgotten by the others at once', async (t) => {
  const port = await freeUdpPort();
  const one = newIdentity();
  const channels = [{ address, nodeIds: [one.id] }];
  const node = await LinkedNode.start(t, { identity: one, channels });
  const discovery = discover(t, node, { port });
  const { node: other } = await listener(t, { port });
  await until('it is heard', () => lanSeeds(other).includes(node.address));
  node.membership.change([]);
  await until('it is forgotten', () => lanSeeds(other).length === 0);
  node.membership.change(channels);
  await until('it is heard again', () => lanSeeds(other).includes(node.address));
  await discovery.close();
  await until('it is forgotten again', () => lanSeeds(other).length === 0);
  t.pass();
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
  const goodbyes = await goodbyesOf(t, port, 'x0123456789');
  const isAnnouncement = (packet: Buffer): boolean => packet.includes('x0123456789');
  await until('it announced itself', () => packets.some(isAnnouncement));
  node.membership.change([]);
  await until('it said goodbye', () => goodbyes() === 1);
  node.membership.change([{ address, nodeIds: [one.id] }]);
  await discovery.close();
  await until('it said goodbye again', () => goodbyes() === 2);
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

// Of the addresses of loopback, those of the same /24 are one network here, and others are elsewhere.
const near = '127.0.0.0/24';
const farAddress = '127.0.9.9';

lanTest('what comes from another network is not listened to', async (t) => {
  const { node, port, tell } = await listener(t, { network: near });
  const { node: anywhere } = await listener(t, { port, network: '127.0.0.0/8' });
  const far = await openSpeaker(t, port, farAddress);
  await until('it comes through', async () => (await far.tell({ port: 6 }), lanSeeds(anywhere).includes(`${farAddress}:6`)));
  await until('what came after it is heard', async () => (await tell({ instance: 'last', port: 7 }), lanSeeds(node).includes('127.0.0.1:7')));
  t.deepEqual(lanSeeds(node), ['127.0.0.1:7']);
});

lanTest('questions from another network are not answered', async (t) => {
  const { port, dns, ask } = await listener(t, { network: near, isSilent: false, instance: 'near' });
  await listener(t, { port, network: '127.0.0.0/8', isSilent: false, instance: 'anywhere' });
  const far = await openSpeaker(t, port, farAddress);
  const told = { near: 0, anywhere: 0 };
  dns.on('response', (packet) => {
    for (const name of ['near', 'anywhere'] as const) if (JSON.stringify(packet).includes(`x${name}.`)) told[name]++;
  });
  const lookAgainMs = 50;
  // Both announce themselves twice in the first second, and answer each other: then who is still heard was asked from far away, each second.
  await until('one of them answers questions from far away', async () => (await far.ask(), told.anywhere >= 6), lookAgainMs);
  const before = told.near;
  await until('it has answered more of them', async () => (await far.ask(), told.anywhere >= 8), lookAgainMs);
  t.is(told.near, before);
  await until('who is near is answered by the other one, too', async () => (await ask(), told.near > before), lookAgainMs);
});
