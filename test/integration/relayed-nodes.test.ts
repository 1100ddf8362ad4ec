import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { connected, startNode, type TestNode } from '../support/network.js';
import { temporaryFolder } from '../support/temporary-storage.js';

/** Joins all nodes to a channel in which the first one is a relay. */
async function joinAll(t: ExecutionContext, [relay, ...others]: readonly [TestNode, ...TestNode[]]): Promise<void> {
  const channel = join(await temporaryFolder(t), 'channel.yaml');
  const [host, port] = relay.peerAddress.split(':');
  const entries = [relay, ...others].map(({ daemon, name }) => `  - nodeId: ${daemon.nodeId}\n    nodeLabel: ${name}\n`);
  const lines = ['channelLabel: relayed-nodes', 'bootstrapAddresses:', `  - hostName: ${host!}`, `    port: ${port!}`, 'authorizedNodes:'];
  await writeFile(channel, `${lines.join('\n')}\n${entries[0]!}    isMessageProxy: true\n    isDataProxy: true\n${entries.slice(1).join('')}`);
  await relay.client.channels.join(channel, { relay: true });
  for (const { client } of others) await client.channels.join(channel);
}

test('nodes that only connect to others reach each other through a relay of their channel', async (t) => {
  const hidden = { arguments: ['--peer-host', 'none'] };
  const [relay, first, second] = [await startNode(t, 0), await startNode(t, 1, hidden), await startNode(t, 2, hidden)];
  await joinAll(t, [relay, first, second]);
  await Promise.all([connected(first, 2), connected(second, 2)]);
  const peers = await second.client.channels.peers();
  const linkTo = ({ daemon }: TestNode) => peers.find(({ nodeId }) => nodeId === daemon.nodeId)?.link;
  t.is(linkTo(relay), 'direct');
  t.is(linkTo(first), 'relayed');
  const feed = await first.client.feeds.create('over-the-relay');
  const messages = Array.from({ length: 6 }, (_, index) => ({ index, text: 'x'.repeat(500_000) }));
  const subfeed = feed.subfeed('main');
  for (const message of messages) await subfeed.append([message]);
  const copy = await second.client.feeds.loadSubfeed(subfeed.uri);
  t.is(await copy.getLength(), messages.length);
});
