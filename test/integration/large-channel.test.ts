import test from 'ava';

import { until } from '../fault/until.js';
import { startTestNetwork, type TestNode } from '../support/network.js';
import { allItems, take } from '../support/sdk-client.js';

/** Daemons for which a channel of more than three nodes is large. */
const daemon = () => ({ program: 'dist/test/support/large-channel-daemon.js' });
const lookAgainMs = 50;

/** A node that is not connected with another one now. */
async function stranger(nodes: readonly TestNode[], other: TestNode): Promise<TestNode> {
  return until(
    `somebody is not connected with ${other.name}`,
    async () => {
      const peers = await other.client.channels.peers();
      return nodes.find((node) => peers.some(({ nodeId, isConnected }) => nodeId === node.daemon.nodeId && !isConnected));
    },
    lookAgainMs,
  );
}

test('in a large channel nodes that are not connected find files and feeds of each other by the index', async (t) => {
  const { nodes } = await startTestNetwork(t, 6, { daemon });
  const owner = nodes[4]!;
  const uri = await owner.client.storeText('somewhere among many');
  const subfeed = (await owner.client.feeds.create('log')).subfeed('main');
  await subfeed.append([1, 2]);
  const finder = await stranger(nodes, owner);
  const found = async (): Promise<boolean> => (await allItems(finder.client.findFile(uri))).some(({ nodeId }) => nodeId === owner.daemon.nodeId);
  await until('the file is found', () => found().catch(() => false), lookAgainMs);
  const loader = await stranger(nodes, owner);
  t.is(await loader.client.loadText(uri), 'somewhere among many');
  const reader = await stranger(nodes, owner);
  const remote = await until('the feed is found', () => reader.client.feeds.loadSubfeed(subfeed.uri).catch(() => undefined), lookAgainMs);
  t.deepEqual(
    (await allItems(remote.read({ verified: true }))).map(({ value }) => value),
    [1, 2],
  );
  const followed = take(remote.follow({ position: 2 }), 20);
  for (let value = 3; value <= 22; value += 1) await subfeed.append([value]);
  t.deepEqual(
    (await followed).map(({ value }) => value),
    Array.from({ length: 20 }, (_, index) => index + 3),
  );
  const writer = await stranger(nodes, owner);
  await subfeed.setAccessRules([{ nodeId: writer.daemon.nodeId, mayWrite: true }]);
  await (await writer.client.feeds.loadSubfeed(subfeed.uri)).submit(['from another node']);
  t.is(await subfeed.getLength(), 23);
});
