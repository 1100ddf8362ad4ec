import test, { type ExecutionContext } from 'ava';
import { connect, type Socket } from 'node:net';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { parseContentId } from '../../../../src/core/content-id.js';
import { isKacheryError } from '../../../../src/core/failure.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';
import { startBareServer } from '../../../support/start-bare-server.js';
import { collect, generatedBytes, temporaryFolder } from '../../../support/temporary-storage.js';

const address = 'https://example.org/lab.yaml';

function closeOf(socket: Socket): Promise<void> {
  return new Promise(
    (resolve) =>
      void socket
        .on('error', () => undefined)
        .once('close', () => {
          resolve();
        })
        .resume(),
  );
}

/** Two nodes that one channel lists: the first listens, the second dials it. */
async function pair(t: ExecutionContext) {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const listening = await LinkedNode.start(t, { identity: one, channels, label: 'listening' });
  const hidden = await LinkedNode.start(t, { identity: two, channels, isHidden: true, staticPeers: [listening.address], label: 'hidden' });
  const toListening = await until('hidden is connected', () => hidden.peers.connected()[0]);
  const toHidden = await until('listening is connected', () => listening.peers.connected()[0]);
  return { listening, hidden, toListening, toHidden, channels };
}

test('two nodes, only one of which can be reached, both ask and serve each other', async (t) => {
  const { listening, hidden, toListening, toHidden } = await pair(t);
  t.deepEqual([toListening.nodeId, toHidden.nodeId], [listening.id, hidden.id]);
  t.deepEqual([toListening.label, toHidden.label], ['listening', 'hidden']);
  const content = generatedBytes(3_000_000);
  for (const [peer, server] of [
    [toListening, listening],
    [toHidden, hidden],
  ] as const) {
    const id = server.store(content);
    t.deepEqual(await peer.findFiles([parseContentId('0'.repeat(40)), id]), [{ id, sizeBytes: content.byteLength }]);
    t.true(content.equals(await collect(peer.readFile(id, { start: 0, end: content.byteLength }))));
    t.true(content.subarray(1000, 70_000).equals(await collect(peer.readFile(id, { start: 1000, end: 70_000 }))));
    t.is((await collect(peer.readFile(id, { start: 5, end: 5 }))).byteLength, 0);
    t.true(peer.roundTripMs! > 0);
  }
  const facts = hidden.links.facts();
  t.is(facts.length, 1);
  t.like(facts[0], {
    nodeId: listening.id,
    label: 'listening',
    version: '1',
    isConnected: true,
    kind: 'direct',
    remoteAddress: listening.address,
    lastError: '',
  });
  t.true(facts[0]!.receivedBytes > content.byteLength && facts[0]!.sentBytes > content.byteLength);
  t.true(Math.abs(facts[0]!.clockOffsetMs!) < 10_000);
});

test('many small files come in the order in which they were asked for', async (t) => {
  const { listening, toListening } = await pair(t);
  const [first, second] = [listening.store(Buffer.from('first')), listening.store(Buffer.from('second'))];
  const contents = [];
  for await (const content of toListening.readFiles([second, parseContentId('0'.repeat(40)), first])) contents.push(content?.toString());
  t.deepEqual(contents, ['second', undefined, 'first']);
});

test('a failure that the other node tells keeps its reason', async (t) => {
  const { toListening } = await pair(t);
  const missing = parseContentId('0'.repeat(40));
  const error = await t.throwsAsync(collect(toListening.readFile(missing, { start: 0, end: 10 })));
  t.true(isKacheryError(error, 'file-not-found'));
});

test('a node that sends too much, too little or nothing is found out', async (t) => {
  const { listening, toListening } = await pair(t);
  const id = listening.store(generatedBytes(100_000));
  const range = { start: 0, end: 100_000 };
  listening.send = (call, content) => {
    call.write({ data: content });
    call.write({ data: content });
    call.end();
  };
  t.true(isKacheryError(await t.throwsAsync(collect(toListening.readFile(id, range))), 'content-corrupt'));
  listening.send = (call, content) => {
    call.write({ data: content.subarray(1) });
    call.end();
  };
  t.true(isKacheryError(await t.throwsAsync(collect(toListening.readFile(id, range))), 'content-corrupt'));
});

test('a stranger with a key of its own learns nothing and is not kept', async (t) => {
  const [one, stranger] = [newIdentity(), newIdentity()];
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id] }], label: 'secret label' });
  // The stranger believes that the channel lists it.
  const other = await LinkedNode.start(t, { identity: stranger, channels: [{ address, nodeIds: [one.id, stranger.id] }], staticPeers: [node.address] });
  await until('the stranger hears why', () => other.links.problemOf(one.id).includes('does not list this node'));
  const problem = other.links.problemOf(one.id);
  t.regex(problem, /does not list this node/);
  t.false(problem.includes('secret label'));
  t.deepEqual(
    other.links.facts().map(({ label, version, isConnected }) => ({ label, version, isConnected })),
    [{ label: '', version: '', isConnected: false }],
  );
  t.deepEqual(node.links.facts(), []);
  t.is(node.callers.length > 0, true);
  for (const caller of node.callers) t.throws(() => caller.authorize());
  await until('its connections are closed', () => node.callers.every(({ signal }) => signal.aborted));
});

test('a node tells nothing of itself to one that it does not list', async (t) => {
  const [one, stranger] = [newIdentity(), newIdentity()];
  const trap = await LinkedNode.start(t, { identity: stranger, channels: [{ address, nodeIds: [one.id, stranger.id] }] });
  let greetings = 0;
  trap.membership.compare = () => {
    greetings++;
    return { shared: [], refused: [] };
  };
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id], bootstrapAddresses: [trap.address] }] });
  await until('it has seen who is there', () => node.logged.some((text) => text.includes('no node could be connected at an address')));
  t.is(greetings, 0);
  t.deepEqual(node.links.connected(), []);
});

test('a node that is not the expected one is refused', async (t) => {
  const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id, three.id] }];
  const other = await LinkedNode.start(t, { identity: three, channels, port: 0 });
  const node = await LinkedNode.start(t, { identity: one, channels });
  node.addresses.learn(two.id, [other.address], 'member');
  await node.links.connect([two.id]);
  t.regex(node.links.problemOf(two.id), new RegExp(`another node answers there: ${three.id}`));
  t.false(node.links.connected().some(({ nodeId }) => nodeId === two.id));
});

test('a name that leads to this machine is dialed if the owner gives it, not if another node tells it', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const listening = await LinkedNode.start(t, { identity: one, channels });
  const localName = `localhost:${listening.address.split(':')[1]!}`;
  const told = await LinkedNode.start(t, { identity: two, channels, isHidden: true });
  told.addresses.learn(one.id, [localName], 'member');
  await told.links.connect([one.id]);
  t.regex(told.links.problemOf(one.id), /leads to this machine itself/);
  told.addresses.setSeeds('static', [localName]);
  await until('it is connected', () => told.links.connected()[0] && listening.links.connected()[0]);
});

test('an address that takes connections and never says anything has failed when its time is over', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id, two.id] }], isHidden: true, timing: { connectMs: 200 } });
  const silentAddress = await startBareServer(t, (socket) => socket.resume());
  node.addresses.learn(two.id, [silentAddress], 'greeting');
  await node.links.connect([two.id]);
  await until('it is known', () => node.addresses.reachOf(two.id).unreached.includes(silentAddress));
  t.regex(node.links.problemOf(two.id), new RegExp(silentAddress));
});

test('garbage, silence and slow talk end, and others are taken meanwhile', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const node = await LinkedNode.start(t, { identity: one, channels, timing: { connectMs: 500 } });
  const port = Number(node.address.split(':')[1]);
  const ends: Promise<unknown>[] = [];
  for (const talk of ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01', '', 'x'.repeat(100_000)]) {
    const socket = connect(port, '127.0.0.1');
    ends.push(closeOf(socket));
    socket.write(talk);
  }
  const slow = connect(port, '127.0.0.1');
  const drip = setInterval(() => slow.write('\x16'), 20);
  ends.push(
    closeOf(slow).finally(() => {
      clearInterval(drip);
    }),
  );
  await Promise.all(ends);
  // A crowd from one address does not get more room than its share, and leaves it again.
  await Promise.all(Array.from({ length: 50 }, () => closeOf(connect(port, '127.0.0.1'))));
  const other = await LinkedNode.start(t, { identity: two, channels, staticPeers: [node.address] });
  await until('a member is connected', () => other.links.connected()[0] && node.links.connected()[0]);
  t.pass();
});

test('a node that hangs up, or answers nothing, is given up in time, and it is told why', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const silent = await startBareServer(t, (socket) => socket.resume());
  const closing = await startBareServer(t, (socket) => socket.destroy());
  const talking = await startBareServer(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  const patient = await LinkedNode.start(t, { identity: one, channels, isHidden: true });
  const impatient = await LinkedNode.start(t, { identity: one, channels, isHidden: true, timing: { connectMs: 300 } });
  for (const [node, whom, expected] of [
    [impatient, silent, /0\.3 s/],
    [patient, closing, /hung up/],
    [patient, talking, /does not speak TLS/],
  ] as const) {
    node.addresses.retain(() => false);
    node.addresses.learn(two.id, [whom], 'member');
    await node.links.connect([two.id]);
    t.regex(node.links.problemOf(two.id), expected);
  }
});

test('a connection that breaks is made again', async (t) => {
  const { listening, hidden } = await pair(t);
  const before = hidden.links.connected()[0]!;
  let changes = 0;
  hidden.links.watch(() => changes++);
  listening.callers[0]!.signal.addEventListener('abort', () => undefined);
  before.channel.client.close();
  before.channel.close();
  const after = await until('it is connected again', () => hidden.links.connected()[0] !== before && hidden.links.connected()[0]);
  t.not(after, before);
  t.true(changes >= 2);
  await until('in the other direction, too', () => listening.links.connected()[0]);
});

test('two nodes that dial each other at once settle on one connection', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const first = await LinkedNode.start(t, { identity: one, channels });
  const second = await LinkedNode.start(t, { identity: two, channels });
  first.addresses.learn(two.id, [second.address], 'member');
  second.addresses.learn(one.id, [first.address], 'member');
  await Promise.all([first.links.connect([two.id]), second.links.connect([one.id])]);
  const [toSecond, toFirst] = [await until('first', () => first.peers.connected()[0]), await until('second', () => second.peers.connected()[0])];
  t.deepEqual([toSecond.nodeId, toFirst.nodeId], [two.id, one.id]);
  const open = (node: LinkedNode): number => node.callers.filter(({ signal }) => !signal.aborted).length;
  await until('one pair of connections is left', () => open(first) === 1 && open(second) === 1);
  const id = first.store(generatedBytes(1000));
  t.is((await collect(second.peers.connected()[0]!.readFile(id, { start: 0, end: 1000 }))).byteLength, 1000);
  t.is((await first.peers.connected()[0]!.findFiles([id])).length, 0);
});

test('who is not a member any more is cut off in the middle of a file', async (t) => {
  const { listening, hidden, toListening } = await pair(t);
  const id = listening.store(generatedBytes(1_000_000));
  listening.send = (call, content, caller) => {
    call.write({ data: content.subarray(0, 1000) });
    caller.signal.addEventListener('abort', () => call.emit('error', { code: 7, details: 'not authorized' }));
  };
  const reading = toListening.readFile(id, { start: 0, end: 1_000_000 });
  await reading.next();
  listening.membership.change([{ address, nodeIds: [listening.id] }]);
  const error = await t.throwsAsync(reading.next());
  t.true(isKacheryError(error));
  await until('both know', () => listening.links.connected().length === 0 && hidden.links.connected().length === 0);
  await until('and it is told why', () => hidden.links.problemOf(listening.id).includes('does not list this node'));
  t.like(hidden.peers.missing()[0], { nodeId: listening.id, hasRefused: true });
  t.deepEqual(listening.links.facts(), []);
  listening.membership.change([{ address, nodeIds: [listening.id, hidden.id] }]);
  await until('it comes back', () => hidden.links.connected()[0]);
  await listening.links.close();
  await until('it is lost', () => hidden.peers.missing()[0]);
  await until('that is another thing', () => hidden.links.problemOf(listening.id).includes('refused'));
  t.like(hidden.peers.missing()[0], { nodeId: listening.id, hasRefused: false });
});

test('who leaves the channel cuts the connection itself', async (t) => {
  const { listening, hidden } = await pair(t);
  hidden.membership.change([]);
  await until('both know', () => listening.links.connected().length === 0 && hidden.links.connected().length === 0);
  t.deepEqual(hidden.links.facts(), []);
});

test('members find each other through one that both know', async (t) => {
  const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
  const nodeIds = [one.id, two.id, three.id];
  const hub = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds }] });
  const channels = [{ address, nodeIds, bootstrapAddresses: [hub.address] }];
  const second = await LinkedNode.start(t, { identity: two, channels });
  await until('the first is there', () => hub.links.connected()[0]);
  const third = await LinkedNode.start(t, { identity: three, channels });
  await until('second and third are connected', () => second.links.connected().length === 2 && third.links.connected().length === 2);
  t.deepEqual(third.peers.missing(), []);
});

test('a member whose address nobody knows is missing, and said so', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id, two.id] }] });
  await node.peers.connectMissing();
  t.like(node.peers.missing()[0], { nodeId: two.id });
  t.regex(node.peers.missing()[0]!.problem, /No address of it is known/);
  t.throws(() => node.peers.connected({ nodeId: newIdentity().id }), { message: /No channel/ });
  t.throws(() => node.peers.connected({ channel: 'other' }), { message: /not joined/ });
});

test('where a node was reached is known after a restart', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const addressesPath = join(await temporaryFolder(t), 'addresses.json');
  const listening = await LinkedNode.start(t, { identity: one, channels });
  const before = await LinkedNode.start(t, { identity: two, channels, isHidden: true, staticPeers: [listening.address], addressesPath });
  await until('it is connected', () => before.links.connected()[0]);
  await before.links.close();
  t.true((await readFile(addressesPath, 'utf8')).includes(one.id));
  t.is((await stat(addressesPath)).mode & 0o777, 0o600);
  const after = await LinkedNode.start(t, { identity: two, channels, isHidden: true, addressesPath });
  await until('it is connected again', () => after.links.connected()[0]);
  t.pass();
});

test('a node hears whether those that it has dialed can dial it', async (t) => {
  const [one, two, three] = [newIdentity(), newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id, three.id] }];
  const hub = await LinkedNode.start(t, { identity: one, channels });
  const hubAddress = hub.address;
  // Nobody tells the others of each other.
  hub.carrier.listeningAddresses = () => [];
  const open = await LinkedNode.start(t, { identity: two, channels, staticPeers: [hubAddress], timing: { pulseMs: 20 } });
  const blocked = await LinkedNode.start(t, { identity: three, isHidden: true, staticPeers: [hubAddress], timing: { pulseMs: 20 } });
  blocked.carrier.listeningAddresses = () => ['127.0.0.1:1'];
  blocked.membership.change(channels);
  const reachOf = (node: LinkedNode) => node.links.facts().find(({ nodeId }) => nodeId === hub.id)?.reach;
  await until('the first is reached', () => reachOf(open)?.reached.length === 1);
  t.deepEqual(reachOf(open), { reached: [open.address], unreached: [] });
  await until('the second is not', () => reachOf(blocked)?.unreached.length === 1);
  t.deepEqual(reachOf(blocked), { reached: [], unreached: ['127.0.0.1:1'] });
  await until('what was tried is over', () => hub.callers.filter(({ signal }) => !signal.aborted).length === 2);
});

test('a node that dials itself notices it and leaves it', async (t) => {
  const one = newIdentity();
  const node = await LinkedNode.start(t, { identity: one, channels: [{ address, nodeIds: [one.id] }] });
  node.membership.change([{ address, nodeIds: [one.id], bootstrapAddresses: [node.address] }]);
  await until('it knows', () => node.addresses.seeds().some(({ nodeId }) => nodeId === one.id));
  t.deepEqual(node.links.connected(), []);
});

test('closing ends everything, also what is under way, and may be done twice', async (t) => {
  const { listening, hidden, toListening } = await pair(t);
  const id = listening.store(generatedBytes(1000));
  listening.send = () => undefined;
  const reading = t.throwsAsync(collect(toListening.readFile(id, { start: 0, end: 1000 })));
  await Promise.all([hidden.links.close(), hidden.links.close()]);
  t.true(isKacheryError(await reading, 'node-unreachable'));
  t.deepEqual(hidden.links.connected(), []);
  await hidden.links.connect([listening.id]);
  await until('the other one knows', () => listening.links.connected().length === 0);
});

test('a request that is cancelled ends at the node that serves it', async (t) => {
  const { listening, toListening } = await pair(t);
  const id = listening.store(generatedBytes(1000));
  let cancelled = 0;
  listening.send = (call, content) => {
    call.on('cancelled', () => cancelled++);
    call.write({ data: content.subarray(0, 10) });
  };
  const controller = new AbortController();
  const reading = toListening.readFile(id, { start: 0, end: 1000 }, { signal: controller.signal });
  await reading.next();
  controller.abort();
  t.true(isKacheryError(await t.throwsAsync(reading.next()), 'cancelled'));
  await until('the server hears it', () => cancelled === 1);
  for await (const _ of toListening.readFile(id, { start: 0, end: 1000 })) break;
  await until('and of one who has enough', () => cancelled === 2);
  t.pass();
});
