import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { PeerServiceService } from '../../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { isKacheryError } from '../../../../src/core/failure.js';
import { limits } from '../../../../src/core/limits.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { type CallerConnection } from '../../../../src/network/link/caller-connection.js';
import { Anteroom } from '../../../../src/network/link/anteroom.js';
import { greetRequest } from '../../../../src/network/link/greeting-messages.js';
import { linkProtocols, type LinkProtocol } from '../../../../src/network/link/link-protocol.js';
import { PeerChannel } from '../../../../src/network/link/peer-channel.js';
import { SecureHandshakes } from '../../../../src/network/link/secure-handshakes.js';
import { type SecureStream } from '../../../../src/network/link/secure-stream.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const address = 'https://example.org/lab.yaml';
const own = { label: 'me', version: '1', addresses: [], isRelay: false, clockMs: 0 };
const greeting = greetRequest({ tags: [channelTag(address)], node: own });

/** A node, and somebody with a key whose connections are made by hand. */
async function nodeAndCaller(t: ExecutionContext, { isListed }: { readonly isListed: boolean }) {
  const [node, caller] = [newIdentity(), newIdentity()];
  const nodeIds = isListed ? [node.id, caller.id] : [node.id];
  const linked = await LinkedNode.start(t, { identity: node, channels: [{ address, nodeIds }], label: 'the node' });
  const handshakes = new SecureHandshakes(caller, { handshakeMs: 10_000 });
  const anteroom = await Anteroom.open();
  t.teardown(() => {
    anteroom.close();
  });
  const dial = async (protocol: LinkProtocol): Promise<SecureStream> => {
    const stream = connect(Number(linked.address.split(':')[1]), '127.0.0.1');
    t.teardown(() => stream.destroy());
    const secure = await handshakes.asDialer(stream, { address: linked.address, nodeId: node.id, protocol });
    t.teardown(() => secure.socket.destroy());
    return secure;
  };
  const open = async (): Promise<PeerChannel> =>
    new PeerChannel((await dial(linkProtocols.call)).socket, anteroom.address, () => ({ nodeId: node.id, label: '' }));
  return { linked, dial, open, callerId: caller.id };
}

test('no call but a greeting is answered before one', async (t) => {
  const { open, linked } = await nodeAndCaller(t, { isListed: true });
  const channel = await open();
  const error = await t.throwsAsync(channel.unary(PeerServiceService.findFiles, { sha1s: [] }));
  t.true(isKacheryError(error, 'not-authorized'), String(error));
  t.regex(error.message, /first call of a connection has to be Greet/);
  await until('the connection is closed', () => linked.callers[0]!.signal.aborted);
});

test('a greeting opens the other calls to a member', async (t) => {
  const { open } = await nodeAndCaller(t, { isListed: true });
  const channel = await open();
  const answer = await channel.unary(PeerServiceService.greet, greeting);
  t.is(answer.node?.label, 'the node');
  t.is(answer.sharedChannelTags.length, 1);
  t.regex(answer.observedAddress, /^127\.0\.0\.1:\d+$/);
  t.deepEqual(await channel.unary(PeerServiceService.findFiles, { sha1s: [] }), { files: [] });
});

test('calls are counted while they are under way, and refused ones are not', async (t) => {
  const { open, linked } = await nodeAndCaller(t, { isListed: true });
  const channel = await open();
  const greet = (): Promise<unknown> => channel.unary(PeerServiceService.greet, greeting);
  // Of greetings at once, all but one may be refused.
  await Promise.allSettled([greet(), greet(), greet(), greet()]);
  const connection = linked.callers[0] as CallerConnection;
  await until('none is under way', () => connection.openCalls === 0);
  const id = linked.store(Buffer.alloc(10));
  linked.send = (call) => call.write({ data: Buffer.alloc(1) });
  const reading = channel.receive(PeerServiceService.readFile, { sha1: id, offset: 0n, length: 0n });
  await reading.next();
  t.is(connection.openCalls, 1);
  await reading.return();
  await until('it is over', () => connection.openCalls === 0);
});

test('who is not listed is told which of its channels refuses it, and nothing else', async (t) => {
  const { open, linked } = await nodeAndCaller(t, { isListed: false });
  const channel = await open();
  const other = channelTag('https://example.org/unknown.yaml');
  const answer = await channel.unary(PeerServiceService.greet, greetRequest({ tags: [channelTag(address), other], node: own }));
  t.deepEqual(answer, {
    ...{ sharedChannelTags: [], refusedChannelTags: [Buffer.from(channelTag(address), 'hex')], node: undefined, observedAddress: '' },
    ...{ reachedAddresses: [], unreachedAddresses: [] },
  });
  await until('the connection is closed', () => linked.callers[0]!.signal.aborted);
  t.deepEqual(linked.links.facts(), []);
});

test('a greeting that is too large, or has too many channels, is refused', async (t) => {
  const { open } = await nodeAndCaller(t, { isListed: true });
  const channel = await open();
  const large = { ...greeting, node: { ...own, label: 'x'.repeat(limits.maxGreetingBytes), clock: undefined } };
  const failure = new Promise<number>((resolve) => channel.client.greet(large, (error) => resolve(error?.code ?? -1)));
  t.is(await failure, status.RESOURCE_EXHAUSTED);
  const many = { ...greeting, channelTags: Array.from({ length: limits.maxJoinedChannels + 1 }, () => Buffer.alloc(32)) };
  t.true(isKacheryError(await t.throwsAsync(channel.unary(PeerServiceService.greet, many)), 'invalid-argument'));
  const short = { ...greeting, channelTags: [Buffer.alloc(31)] };
  t.true(isKacheryError(await t.throwsAsync(channel.unary(PeerServiceService.greet, short)), 'invalid-argument'));
});

test('names lose what could change a terminal, and what is too long', async (t) => {
  const { open, linked, callerId } = await nodeAndCaller(t, { isListed: true });
  const channel = await open();
  await channel.unary(
    PeerServiceService.greet,
    greetRequest({ tags: [channelTag(address)], node: { ...own, label: `\u001b[31mred\u202e${'é'.repeat(200)}` } }),
  );
  const { label } = linked.links.facts().find(({ nodeId }) => nodeId === callerId)!;
  t.is(label, `[31mred${'é'.repeat(93)}`);
});

test('a node does not call back who has not greeted', async (t) => {
  const { dial, linked } = await nodeAndCaller(t, { isListed: true });
  const { socket } = await dial(linkProtocols.serve);
  let receivedBytes = 0;
  socket.on('data', (bytes: Buffer) => (receivedBytes += bytes.byteLength));
  await closeOf(socket);
  t.is(receivedBytes, 0);
  t.deepEqual(linked.links.connected(), []);
});

test('an unproven caller who says nothing is not kept', async (t) => {
  const [node, caller] = [newIdentity(), newIdentity()];
  const linked = await LinkedNode.start(t, { identity: node, channels: [{ address, nodeIds: [node.id] }], timing: { connectMs: 1_000 } });
  const stream = connect(Number(linked.address.split(':')[1]), '127.0.0.1');
  const { socket } = await new SecureHandshakes(caller, { handshakeMs: 10_000 }).asDialer(stream, {
    address: '',
    nodeId: undefined,
    protocol: linkProtocols.call,
  });
  await closeOf(socket);
  t.true(linked.callers[0]!.signal.aborted);
});

test('a node that is gone without a word is noticed at both ends', async (t) => {
  const [one, two] = [newIdentity(), newIdentity()];
  const channels = [{ address, nodeIds: [one.id, two.id] }];
  const timing = { pulseMs: 50, pulseTimeoutMs: 200, silenceMs: 400 };
  const listening = await LinkedNode.start(t, { identity: one, channels, timing });
  const proxy = await startFreezingProxy(t, Number(listening.address.split(':')[1]));
  // Between them, only the proxy is a way.
  listening.carrier.listeningAddresses = () => [];
  const hidden = await LinkedNode.start(t, { identity: two, channels, isHidden: true, staticPeers: [proxy.address], timing });
  await until('they are connected', () => hidden.links.connected()[0] && listening.links.connected()[0]);
  proxy.freeze();
  await until('both know', () => hidden.links.connected().length === 0 && listening.links.connected().length === 0);
  await until('and have let go of the rest', () => [...listening.callers, ...hidden.callers].every(({ signal }) => signal.aborted));
  t.not(hidden.links.problemOf(one.id), '');
});

/** Resolves when a socket is closed, in whichever way. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket
      .on('error', () => undefined)
      .once('close', () => {
        resolve();
      });
    socket.resume();
  });
}

/** Passes connections on until it is frozen; then nothing goes through, and nobody is told. */
async function startFreezingProxy(t: ExecutionContext, port: number) {
  const sockets: Socket[] = [];
  let isFrozen = false;
  const pass = (from: Socket, to: Socket): void => {
    sockets.push(from);
    from.on('error', () => undefined).on('data', (bytes) => isFrozen || to.write(bytes));
    from.on('close', () => isFrozen || to.destroy());
  };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    pass(client, upstream);
    pass(upstream, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    freeze: () => {
      isFrozen = true;
    },
  };
}
