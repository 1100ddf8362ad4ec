import test, { type ExecutionContext } from 'ava';

import { PeerServiceService } from '../../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { parseContentId } from '../../../../src/core/content-id.js';
import { type KacheryError } from '../../../../src/core/failure.js';
import { limits } from '../../../../src/core/limits.js';
import { type NodeId } from '../../../../src/core/node-id.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { learnAddresses } from '../../../../src/network/link/learn-addresses.js';
import { recordKey } from '../../../../src/network/providers/record-key.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const [near, far] = ['https://example.org/near.yaml', 'https://example.org/far.yaml'];
/** Nobody needs more than the connections that are there at once. */
const timing = { tickMs: 5_000 };
const id = parseContentId('ab'.repeat(20));

/** A node in two channels, one other member of each, and how they call it. */
async function startBetween(t: ExecutionContext, moreOfNear: readonly NodeId[] = []) {
  const [middle, inNear, inFar] = [newIdentity(), newIdentity(), newIdentity()];
  const ofNear = { address: near, nodeIds: [middle.id, inNear.id, ...moreOfNear] };
  const ofFar = { address: far, nodeIds: [middle.id, inFar.id] };
  const keeper = await LinkedNode.start(t, { identity: middle, channels: [ofNear, ofFar], timing });
  const join = (identity: typeof middle, channel: typeof ofNear): Promise<LinkedNode> =>
    LinkedNode.start(t, { identity, channels: [{ ...channel, bootstrapAddresses: [keeper.address] }], timing });
  const members = [await join(inNear, ofNear), await join(inFar, ofFar)] as const;
  await until('both are connected with it', () => members.every(({ links }) => links.linkTo(keeper.id) !== undefined));
  const requestFor = (address: string, recordKeys = [Buffer.from(recordKey(address, id), 'hex')]) => ({
    channelTag: Buffer.from(channelTag(address), 'hex'),
    recordKeys,
  });
  const announce = ({ links }: LinkedNode, request: ReturnType<typeof requestFor>) =>
    links.linkTo(keeper.id)!.channel.unary(PeerServiceService.announceContents, request);
  const find = async ({ links }: LinkedNode, request: ReturnType<typeof requestFor>) =>
    (await links.linkTo(keeper.id)!.channel.unary(PeerServiceService.findProviders, request)).results.map(({ nodeIds }) => nodeIds);
  return { keeper, members, ofNear, ofFar, requestFor, announce, find };
}

test("who is not in a channel neither writes nor reads that channel's index, though he is in another one with the node that keeps it", async (t) => {
  const { members, requestFor, announce, find } = await startBetween(t);
  const [inNear, inFar] = members;
  t.is((await announce(inNear, requestFor(near))).keptKeys, 1);
  t.like(await t.throwsAsync(announce(inFar, requestFor(near))), { reason: 'not-authorized' });
  const refusal = await t.throwsAsync(find(inFar, requestFor(near)));
  t.like(refusal, { reason: 'not-authorized' });
  const unknown = await t.throwsAsync(find(inFar, requestFor('https://example.org/none.yaml')));
  t.is(unknown.message, refusal.message, 'a channel that the node has joined is told from one that it has not by nothing');
  t.deepEqual(await find(inFar, requestFor(far)), [[]], 'what was announced in one channel is not in another one');
});

test('who is not listed any more is not told as having something, and hears nothing', async (t) => {
  const { keeper, members, ofNear, ofFar, requestFor, announce } = await startBetween(t);
  const [inNear] = members;
  await announce(inNear, requestFor(near));
  const asker = { nodeId: newIdentity().id, sharedTags: () => [channelTag(near)] };
  const found = () => keeper.index.find(asker, channelTag(near), [recordKey(near, id)]);
  t.deepEqual(found(), [[inNear.id]]);
  const link = inNear.links.linkTo(keeper.id)!;
  keeper.membership.change([{ ...ofNear, nodeIds: [keeper.id] }, ofFar]);
  t.deepEqual(found(), [[]]);
  // It is refused, or its connection is closed before that.
  const refusal = await t.throwsAsync<KacheryError>(link.channel.unary(PeerServiceService.findProviders, requestFor(near)));
  t.true(['not-authorized', 'node-unreachable'].includes(refusal.reason));
});

test('so many keys are told and asked about at a time, and each is one', async (t) => {
  const { members, requestFor, announce, find } = await startBetween(t);
  const [member] = members;
  const many = Array.from({ length: limits.maxRecordKeys }, (_, index) => Buffer.from(index.toString(16).padStart(32, '0'), 'hex'));
  t.is((await announce(member, requestFor(near, many))).keptKeys, limits.maxRecordKeys);
  t.is((await find(member, requestFor(near, many))).length, limits.maxRecordKeys);
  for (const [reason, keys] of [
    ['too-large', [...many, Buffer.alloc(16)]],
    ['invalid-argument', [Buffer.alloc(15)]],
    ['invalid-argument', [Buffer.alloc(17)]],
  ] as const) {
    t.like(await t.throwsAsync(announce(member, requestFor(near, [...keys]))), { reason });
    t.like(await t.throwsAsync(find(member, requestFor(near, [...keys]))), { reason });
  }
});

test('who asks hears where those are who have it, however many members there are', async (t) => {
  const others = Array.from({ length: 2 * limits.maxToldMembers }, (_, index) => (index + 1).toString(16).padStart(64, '0') as NodeId);
  const { keeper, members, requestFor } = await startBetween(t, others);
  for (const nodeId of others) learnAddresses(keeper.addresses, nodeId, { addresses: ['127.0.0.1:9'], origin: 'greeting', remoteAddress: '127.0.0.1:9' });
  const holders = others.filter((_, index) => index % 300 === 0);
  for (const nodeId of holders) keeper.index.note({ nodeId, sharedTags: () => [channelTag(near)] }, channelTag(near), [recordKey(near, id)]);
  const answer = await members[0].links.linkTo(keeper.id)!.channel.unary(PeerServiceService.findProviders, requestFor(near));
  t.deepEqual(answer.results[0]?.nodeIds.toSorted(), holders);
  t.deepEqual(
    answer.members.map(({ nodeId, addresses }) => [nodeId, ...addresses]).toSorted(),
    holders.map((nodeId) => [nodeId, '127.0.0.1:9']),
  );
});
