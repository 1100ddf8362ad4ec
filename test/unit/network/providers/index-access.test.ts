import test, { type ExecutionContext } from 'ava';

import { PeerServiceService } from '../../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { parseContentId } from '../../../../src/core/content-id.js';
import { limits } from '../../../../src/core/limits.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { recordKey } from '../../../../src/network/providers/record-key.js';
import { until } from '../../../fault/until.js';
import { LinkedNode, newIdentity } from '../../../support/linked-node.js';

const [near, far] = ['https://example.org/near.yaml', 'https://example.org/far.yaml'];
const id = parseContentId('ab'.repeat(20));

/** A node in two channels, one other member of each, and how they call it. */
async function startBetween(t: ExecutionContext) {
  const [middle, inNear, inFar] = [newIdentity(), newIdentity(), newIdentity()];
  const ofNear = { address: near, nodeIds: [middle.id, inNear.id] };
  const ofFar = { address: far, nodeIds: [middle.id, inFar.id] };
  const keeper = await LinkedNode.start(t, { identity: middle, channels: [ofNear, ofFar] });
  const join = (identity: typeof middle, channel: typeof ofNear): Promise<LinkedNode> =>
    LinkedNode.start(t, { identity, channels: [{ ...channel, bootstrapAddresses: [keeper.address] }] });
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
  t.like(await t.throwsAsync(link.channel.unary(PeerServiceService.findProviders, requestFor(near))), { reason: 'not-authorized' });
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
