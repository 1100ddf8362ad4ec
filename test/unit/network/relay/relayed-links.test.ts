import test, { type ExecutionContext } from 'ava';

import { type FailureReason, isKacheryError } from '../../../../src/core/failure.js';
import { type LinkTiming } from '../../../../src/network/link/link-timing.js';
import { dialTunnel } from '../../../../src/network/relay/dial-tunnel.js';
import { tunnelDefinition } from '../../../../src/rpc/codec/tunnel-definition.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';
import { collect, generatedBytes } from '../../../support/temporary-storage.js';

const address = 'https://example.org/lab.yaml';

interface Options {
  readonly isRelay?: boolean;
  readonly timing?: Partial<LinkTiming>;
}

/** A relay that listens, and two nodes that do not, which are connected with it. */
async function hiddenPair(t: ExecutionContext, { isRelay = true, timing }: Options = {}) {
  const [hub, one, two] = [newIdentity(), newIdentity(), newIdentity()];
  const channel = { address, nodeIds: [hub.id, one.id, two.id], relays: isRelay ? [hub.id] : [] };
  const channels = [channel];
  const relay = await LinkedNode.start(t, { identity: hub, channels });
  const start = (identity: typeof one) => LinkedNode.start(t, { identity, channels, isHidden: true, staticPeers: [relay.address], ...(timing && { timing }) });
  const [first, second] = [await start(one), await start(two)];
  await until('both are connected with the relay', () => relay.links.connected().length === 2);
  return { hub, relay, first, second, channel };
}

const peerOf = (node: LinkedNode, other: LinkedNode) => node.peers.connected().find(({ nodeId }) => nodeId === other.id);
const factsOf = (node: LinkedNode, other: LinkedNode) => node.links.facts().find(({ nodeId }) => nodeId === other.id)!;

test('two nodes that nobody can reach talk to each other through a relay', async (t) => {
  const { relay, first, second } = await hiddenPair(t);
  await until('the first can call the second', () => peerOf(first, second));
  await until('the second can call the first', () => peerOf(second, first));
  t.like(factsOf(first, second), { kind: 'relayed', remoteAddress: relay.id, isConnected: true });
  t.like(factsOf(second, first), { kind: 'relayed', remoteAddress: relay.id, isConnected: true });
  const content = generatedBytes(5_000_000);
  for (const [from, server] of [
    [first, second],
    [second, first],
  ] as const) {
    const id = server.store(content);
    t.true(content.equals(await collect(peerOf(from, server)!.readFile(id, { start: 0, end: content.byteLength }))));
  }
  t.true(factsOf(first, second).receivedBytes > 0);
});

test('a member that the channel does not call a relay is asked for no tunnel, and gives none', async (t) => {
  const { relay, first, second } = await hiddenPair(t, { isRelay: false });
  await first.links.connect([second.id]);
  t.is(peerOf(first, second), undefined);
  // The first one believes that the hub is a relay.
  first.membership.change([{ address, nodeIds: [relay.id, first.id, second.id], relays: [relay.id] }]);
  t.is(first.membership.members().get(relay.id)?.isRelay, true);
  await first.links.connect([second.id]);
  t.is(peerOf(first, second), undefined);
});

test('a relay says why it makes no tunnel, and nobody takes one from who is no relay', async (t) => {
  const { relay, first, channel } = await hiddenPair(t);
  const absent = newIdentity();
  for (const node of [relay, first]) node.membership.change([{ ...channel, nodeIds: [...channel.nodeIds, absent.id] }]);
  const link = await until('the relay is there', () => first.links.connected().find(({ nodeId }) => nodeId === relay.id));
  const open = (targetNodeId: string) =>
    dialTunnel(link.channel.duplex(tunnelDefinition.openTunnel), {
      ...{ node: link, timeoutMs: 10_000, first: { targetNodeId, data: Buffer.alloc(0) } },
      messageOf: (data) => ({ targetNodeId: '', data }),
    });
  const reasons: Readonly<Record<string, FailureReason>> = {
    [newIdentity().id]: 'not-authorized',
    [first.id]: 'not-authorized',
    [absent.id]: 'node-unreachable',
    'no id': 'invalid-argument',
  };
  for (const [target, reason] of Object.entries(reasons)) t.true(isKacheryError(await t.throwsAsync(open(target)), reason), target);
  const offered = dialTunnel(link.channel.duplex(tunnelDefinition.acceptTunnel), {
    ...{ node: link, timeoutMs: 10_000, first: { callerNodeId: absent.id, data: Buffer.alloc(0) } },
    messageOf: (data) => ({ callerNodeId: '', data }),
  });
  t.true(isKacheryError(await t.throwsAsync(offered), 'not-authorized'));
});

test('the tunnel ends when the channel takes the role from the relay', async (t) => {
  const { relay, first, second, channel } = await hiddenPair(t);
  await until('they are connected', () => peerOf(first, second) && peerOf(second, first));
  relay.membership.change([{ ...channel, relays: [] }]);
  await until('they are not connected any more', () => !peerOf(first, second) && !peerOf(second, first));
  t.truthy(peerOf(first, relay));
  relay.membership.change([channel]);
  await until('they are connected again', () => peerOf(first, second) && peerOf(second, first));
});

test('a direct connection takes the place of the relayed one', async (t) => {
  const { relay, first, second, channel } = await hiddenPair(t, { timing: { betterLinkMs: 50 } });
  const third = newIdentity();
  const channels = [{ ...channel, nodeIds: [...channel.nodeIds, third.id] }];
  for (const node of [relay, first, second]) node.membership.change(channels);
  // The third listens, but the first does not know where: it comes through the relay at first.
  const open = await LinkedNode.start(t, { identity: third, channels, staticPeers: [relay.address] });
  await until('the first is connected with the third', () => peerOf(first, open));
  first.addresses.learn(third.id, [open.address], 'member');
  await until('directly', () => factsOf(first, open).kind === 'direct' && factsOf(open, first).kind === 'direct');
  await until(
    'and only so',
    () => open.callers.filter(({ nodeId, kind, signal }) => nodeId === first.id && kind === 'relayed' && !signal.aborted).length === 0,
  );
  t.pass();
});

test('a call that goes on over a relayed connection does not keep others there, and the connection ends with it', async (t) => {
  const { relay, first, second, channel } = await hiddenPair(t, { timing: { betterLinkMs: 50 } });
  const third = newIdentity();
  const channels = [{ ...channel, nodeIds: [...channel.nodeIds, third.id] }];
  for (const node of [relay, first, second]) node.membership.change(channels);
  // The third listens, and does not say where.
  const open = await LinkedNode.start(t, { identity: third, staticPeers: [relay.address] });
  const whereItListens = open.carrier.listeningAddresses.bind(open.carrier);
  open.carrier.listeningAddresses = () => [];
  open.membership.change(channels);
  const relayed = await until('the first is connected with the third', () => peerOf(first, open));
  const content = generatedBytes(100_000);
  const id = open.store(content);
  const kinds: string[] = [];
  let goOn = (): void => undefined;
  open.send = (call, bytes, caller) => {
    kinds.push(caller.kind);
    call.write({ data: bytes.subarray(0, 1000) });
    const rest = (): void => {
      call.write({ data: bytes.subarray(1000) });
      call.end();
    };
    if (caller.kind === 'relayed') goOn = rest;
    else rest();
  };
  const reading = collect(relayed.readFile(id, { start: 0, end: content.byteLength }));
  await until('the call is under way', () => kinds.length === 1);
  first.addresses.learn(third.id, whereItListens(), 'member');
  await until('directly', () => factsOf(first, open).kind === 'direct' && factsOf(open, first).kind === 'direct');
  t.true(content.equals(await collect(peerOf(first, open)!.readFile(id, { start: 0, end: content.byteLength }))));
  t.deepEqual(kinds, ['relayed', 'direct']);
  const relayedCallers = () => open.callers.filter(({ nodeId, kind, signal }) => nodeId === first.id && kind === 'relayed' && !signal.aborted);
  t.true(relayedCallers().length > 0);
  goOn();
  t.true(content.equals(await reading));
  await until('the relayed one has ended', () => relayedCallers().length === 0);
});

test('when the relay dies, calls under way fail, and the two find each other again when it is back', async (t) => {
  const { hub, relay, first, second, channel } = await hiddenPair(t);
  const toSecond = await until('they are connected', () => peerOf(first, second));
  const content = generatedBytes(100_000);
  const id = second.store(content);
  second.send = (call) => call.write({ data: content.subarray(0, 10) });
  const reading = collect(toSecond.readFile(id, { start: 0, end: content.byteLength }));
  await until('the first bytes came', () => factsOf(first, second).receivedBytes > 0);
  const port = Number(relay.address.split(':')[1]);
  await relay.links.close();
  const error = await t.throwsAsync(reading);
  t.true(isKacheryError(error, 'node-unreachable'), String(error));
  await until('the first knows', () => !peerOf(first, second));
  await LinkedNode.start(t, { identity: hub, channels: [channel], port });
  await until('they are connected again', () => peerOf(first, second) && peerOf(second, first));
});
