import test, { type ExecutionContext } from 'ava';

import { KacheryError } from '../../../../src/core/failure.js';
import { type FeedId } from '../../../../src/core/feed-id.js';
import { type WatchedBlocks } from '../../../../src/feeds/feed-store.js';
import { type MessageBlock } from '../../../../src/feeds/message-block.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { ownerRecordId } from '../../../../src/network/providers/owner-record-id.js';
import { type RecordedId, recordKey } from '../../../../src/network/providers/record-key.js';
import { until } from '../../../fault/until.js';
import { type LinkedFeedNode, startLinkedFeedNode } from '../../../support/linked-feed-node.js';
import { newIdentity } from '../../../support/linked-node.js';
import { addressOf, appendOf, textsOf } from '../../../support/temporary-feeds.js';

const address = 'https://example.org/large.yaml';
const tag = channelTag(address);
const lookAgainMs = 10;
/** Each node keeps connections with two others only. */
const largeChannels = { smallChannelNodes: 4, keptLinks: 2 };
const timing = { passingLinkMs: 1_500, memberExchangeMs: 1_000, tickMs: 200 };
const times = { firstSeekPauseMs: 50, absenceMs: 100 };

/** Nodes of a channel that is large for them, of which not all are connected with all. */
async function startChannel(t: ExecutionContext, count: number): Promise<readonly LinkedFeedNode[]> {
  const identities = Array.from({ length: count }, newIdentity);
  const nodeIds = identities.map(({ id }) => id);
  const first = await startLinkedFeedNode(t, { identity: identities[0]!, channels: [{ address, nodeIds }], largeChannels, timing }, times);
  const channels = [{ address, nodeIds, bootstrapAddresses: [first.node.address] }];
  const others = await Promise.all(identities.slice(1).map((identity) => startLinkedFeedNode(t, { identity, channels, largeChannels, timing }, times)));
  const nodes = [first, ...others];
  const knowsAll = ({ node }: LinkedFeedNode): boolean => nodeIds.every((id) => id === node.id || node.addresses.addressesOf(id).length > 0);
  await until('all know where the others are', () => nodes.every(knowsAll), lookAgainMs);
  return nodes;
}

/** Resolves when so many members as should know that a node has announced something. */
async function announced(nodes: readonly LinkedFeedNode[], { node }: LinkedFeedNode, id: RecordedId): Promise<void> {
  const asker = { nodeId: newIdentity().id, sharedTags: () => [tag] };
  await until(
    'it is announced',
    () => nodes.filter((each) => each.node.index.find(asker, tag, [recordKey(address, id)])[0]!.includes(node.id)).length >= 3,
    lookAgainMs,
  );
}

/** A node that is not connected with another one now. */
async function stranger(nodes: readonly LinkedFeedNode[], { node }: LinkedFeedNode): Promise<LinkedFeedNode> {
  return until('one is not connected with it', () => nodes.find((each) => each.node !== node && each.node.links.linkTo(node.id) === undefined), lookAgainMs);
}

/** Ends what connects two nodes; in a large channel they do not connect again before one of them needs the other. */
async function part(one: LinkedFeedNode, other: LinkedFeedNode): Promise<void> {
  const links = () => [one.node.links.linkTo(other.node.id), other.node.links.linkTo(one.node.id)].filter((link) => link !== undefined);
  const isOver = (): boolean => {
    for (const link of links()) link.close(new KacheryError('node-unreachable', 'the test cut it'));
    return links().length === 0;
  };
  await until('they are not connected any more', isOver, lookAgainMs);
}

async function read({ networked }: LinkedFeedNode, id: FeedId): Promise<string[]> {
  const blocks: MessageBlock[] = [];
  const options = { withProofs: false, signal: new AbortController().signal };
  for await (const page of networked.read(addressOf(id, 'main'), 0, options)) blocks.push(...page);
  return textsOf(blocks);
}

test.serial('in a large channel the feed of a node that is not connected is found by the index, read, and written to', async (t) => {
  const nodes = await startChannel(t, 9);
  const owner = nodes[4]!;
  const { id } = await owner.feeds.create();
  await owner.feeds.append(appendOf(id, 'main', ['a', 'b']));
  await announced(nodes, owner, ownerRecordId(id));
  const reader = await stranger(nodes, owner);
  t.deepEqual(await read(reader, id), ['a', 'b']);
  t.deepEqual(
    nodes.filter(({ node }) => node.served.includes('findFeeds')).map(({ node }) => node.id),
    [owner.node.id],
    'nobody else was asked',
  );
  // Nobody keeps the connection, and a later read finds the owner again rather than tell what it has.
  await owner.feeds.append(appendOf(id, 'main', ['c']));
  await part(reader, owner);
  t.deepEqual(await read(reader, id), ['a', 'b', 'c']);
  const submission = appendOf(id, 'main', ['d'], { submitter: reader.node.id });
  await owner.feeds.setAccessRules(addressOf(id, 'main'), [{ nodeId: reader.node.id, mayWrite: true }]);
  await part(reader, owner);
  t.is((await reader.networked.append(submission)).position, 3);
  t.deepEqual(await read(reader, id), ['a', 'b', 'c', 'd']);
});

test.serial('in a large channel a feed is followed live, also when the connection with its owner breaks, and read from copies when it is away', async (t) => {
  const nodes = await startChannel(t, 9);
  const owner = nodes[4]!;
  const { id } = await owner.feeds.create();
  await owner.feeds.append(appendOf(id, 'main', ['a']));
  await announced(nodes, owner, ownerRecordId(id));
  const follower = await stranger(nodes, owner);
  const controller = new AbortController();
  t.teardown(() => {
    controller.abort();
  });
  const watched = [{ ...addressOf(id, 'main'), position: 0 }];
  const messages = follower.networked.watch(watched, controller.signal)[Symbol.asyncIterator]() as AsyncIterator<WatchedBlocks, undefined>;
  const next = async (): Promise<string[]> => textsOf((await messages.next()).value?.blocks ?? []);
  t.deepEqual(await next(), ['a']);
  await owner.feeds.append(appendOf(id, 'main', ['b']));
  t.deepEqual(await next(), ['b']);
  // Who follows keeps its connection, and makes it again when it is lost.
  follower.node.links.linkTo(owner.node.id)?.close(new KacheryError('node-unreachable', 'the test cut it'));
  await owner.feeds.append(appendOf(id, 'main', ['c']));
  t.deepEqual(await next(), ['c']);
  await announced(nodes, follower, id);
  await owner.node.links.close();
  const late = nodes.find((each) => each !== owner && each !== follower)!;
  t.deepEqual(await read(late, id), ['a', 'b', 'c']);
});

test("in a large channel a feed that nobody has is said to be nobody's", async (t) => {
  const nodes = await startChannel(t, 6);
  await until('all have their connections', () => nodes.every(({ node }) => node.links.connected().length >= 2), lookAgainMs);
  await t.throwsAsync(read(nodes[3]!, 'ef'.repeat(32) as FeedId), { message: /Neither this node nor any that it may ask/ });
});
