import { once } from 'node:events';
import { connect } from 'node:net';

import test, { type ExecutionContext } from 'ava';

import { PeerServiceService } from '../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { type KacheryError } from '../../src/core/failure.js';
import { parseNodeId } from '../../src/core/node-id.js';
import { channelTag } from '../../src/network/channels/channel-tag.js';
import { Anteroom } from '../../src/network/link/anteroom.js';
import { greetRequest } from '../../src/network/link/greeting-messages.js';
import { linkProtocols } from '../../src/network/link/link-protocol.js';
import { makeNodeCertificate } from '../../src/network/link/node-certificate.js';
import { PeerChannel, type PeerMethod } from '../../src/network/link/peer-channel.js';
import { daemonsWithForeignMember, secureConnection } from '../support/foreign-member.js';
import { newIdentity } from '../support/linked-node.js';
import { type TestNode } from '../support/network.js';
import { startRecordingProxy } from '../support/recording-proxy.js';

const nowhere = { sha1: '0'.repeat(40), feedId: '0'.repeat(64), subfeedHash: '0'.repeat(40), nodeId: '0'.repeat(64), channel: '' };

/** What calls are about: things that are there, or such that are not. */
type Things = typeof nowhere;

/** A request of each method. */
function requestsOf({ sha1, feedId, subfeedHash, nodeId, channel }: Things): Record<keyof typeof PeerServiceService, unknown> {
  const subfeed = { feedId, subfeedHash };
  const about = { channelTag: Buffer.from(channelTag(channel), 'hex'), recordKeys: [Buffer.alloc(16)] };
  return {
    greet: greetRequest({ tags: [], node: { label: '', version: '1', addresses: [], isRelay: false, clockMs: 0 } }),
    findFiles: { sha1s: [sha1] },
    readFile: { sha1, offset: 0n, length: 0n },
    readFiles: { sha1s: [sha1] },
    listMembers: {},
    announceContents: about,
    findProviders: about,
    findFeeds: { feedIds: [feedId] },
    getHeads: { subfeeds: [subfeed] },
    listHeads: { feedId, after: '' },
    readMessages: { subfeed, position: 0n, maxMessages: 0n },
    watchMessages: { subfeeds: [{ subfeed, position: 0n }] },
    submitMessages: { feedId, subfeed: { $case: 'subfeedHash', value: subfeedHash }, messages: [Buffer.from('1')], requestId: 'request-0123456789' },
    openTunnel: { targetNodeId: nodeId, data: Buffer.alloc(0) },
    acceptTunnel: { callerNodeId: nodeId, data: Buffer.alloc(0) },
  };
}

/** All that a stranger hears of a daemon when he calls a method, after he has greeted with a channel's tag if one is given. */
async function heard(
  t: ExecutionContext,
  node: TestNode,
  { name, request, tag }: { readonly name: string; readonly request: unknown; readonly tag: string | undefined },
): Promise<readonly unknown[]> {
  const anteroom = await Anteroom.open();
  const { socket } = await secureConnection(t, node, newIdentity(), linkProtocols.call);
  const channel = new PeerChannel(socket, anteroom.address, () => ({ nodeId: parseNodeId(node.daemon.nodeId), label: '' }));
  const own = { label: 'x', version: '1', addresses: [], isRelay: false, clockMs: 0 };
  const answers: unknown[] = [];
  try {
    if (tag !== undefined) {
      const { node: told, sharedChannelTags } = await channel.unary(PeerServiceService.greet, greetRequest({ tags: [channelTag(tag)], node: own }));
      answers.push(told, sharedChannelTags);
    }
    // What is sent for one request and one answer is what is sent for streams of them.
    const method = PeerServiceService[name as keyof typeof PeerServiceService] as unknown as PeerMethod<unknown, unknown>;
    for await (const answer of channel.receive(method, request)) answers.push(answer);
  } catch (error) {
    answers.push((error as KacheryError).reason, (error as KacheryError).message);
  } finally {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    channel.close();
    await closed;
    anteroom.close();
  }
  return answers;
}

test.serial('a stranger who asks for everything hears the same, whether it is there or not', async (t) => {
  const { nodes, identity, channel } = await daemonsWithForeignMember(t, 1);
  const [node] = nodes;
  if (!node) return t.fail();
  const uri = await node.client.storeText('for members only');
  const feed = await node.client.feeds.create('secret');
  const subfeed = feed.subfeed('main');
  await subfeed.append(['secret']);
  const things = { sha1: uri.slice(7, 47), feedId: feed.uri.slice(7, 71), subfeedHash: subfeed.hash, nodeId: identity.id, channel };
  t.regex(`${things.sha1} ${things.feedId} ${things.subfeedHash}`, /^[0-9a-f]{40} [0-9a-f]{64} [0-9a-f]{40}$/);
  const [there, absent] = [requestsOf(things), requestsOf(nowhere)];
  const methods = Object.keys(PeerServiceService).filter((name) => name !== 'greet');
  for (const tag of [undefined, channel]) {
    for (const name of methods) {
      const [hears, hearsOfNothing] = [there, absent].map((requests) => heard(t, node, { name, tag, request: requests[name as keyof typeof there] }));
      t.deepEqual(await hears, await hearsOfNothing, name);
      t.deepEqual(((await hears) ?? []).slice(tag === undefined ? 0 : 2, -1), ['not-authorized'], name);
    }
  }
  t.deepEqual((await heard(t, node, { name: 'greet', tag: channel, request: there.greet }))[0], undefined, 'not even how the node is called');
});

test.serial('who sends again what a member has sent is nobody', async (t) => {
  const { nodes, identity, start } = await daemonsWithForeignMember(t, 1);
  const [node] = nodes;
  if (!node) return t.fail();
  const proxy = await startRecordingProxy(t, Number(node.peerAddress.split(':')[1]));
  const { socket: member } = await secureConnection(t, { ...node, peerAddress: `127.0.0.1:${String(proxy.port)}` }, identity, linkProtocols.call);
  member.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
  await once(member, 'data');
  const [recorded = Buffer.alloc(0)] = proxy.recordings;
  t.true(recorded.byteLength > makeNodeCertificate(identity.privateKey).length, 'the whole handshake');
  member.destroy();
  const socket = connect(Number(node.peerAddress.split(':')[1]), '127.0.0.1').on('error', () => undefined);
  const answer: Buffer[] = [];
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('data', (data: Buffer) => answer.push(data)).end(recorded);
  await closed;
  t.true(node.daemon.stderrLines.every((line) => !line.includes('connected with a node')));
  t.deepEqual(
    (await node.client.channels.peers()).map(({ isConnected }) => isConnected),
    [false],
  );
  await start();
  t.true(Buffer.concat(answer).byteLength < 4_096, 'what the daemon shows everybody: its certificate');
});
