import test, { type ExecutionContext } from 'ava';

import { isKacheryError } from '../../src/client/index.js';
import { until } from '../fault/until.js';
import { connected, startTestNetwork, type TestNode } from '../support/network.js';
import { allItems, take } from '../support/sdk-client.js';

async function startNodes(t: ExecutionContext, count: number): Promise<readonly TestNode[]> {
  const { nodes } = await startTestNetwork(t, count);
  for (const node of nodes) await connected(node, count - 1);
  return nodes;
}

test.serial('a feed of one node is read, followed live and verified on another', async (t) => {
  const [owner, reader] = await startNodes(t, 2);
  if (!owner || !reader) return t.fail();
  const feed = await owner.client.feeds.create('log');
  const subfeed = feed.subfeed({ rig: 3 });
  await subfeed.append(Array.from({ length: 5_000 }, (_, index) => ({ index })));
  const remote = await reader.client.feeds.loadSubfeed(subfeed.uri);
  t.is(await remote.getLength(), 5_000);
  t.deepEqual(
    (await allItems(remote.read({ position: 4_998, verified: true }))).map(({ value }) => value),
    [{ index: 4_998 }, { index: 4_999 }],
  );
  const followed = take(remote.follow({ position: 4_999, verified: true }), 101);
  for (let index = 0; index < 100; index++) await subfeed.append([{ live: index }]);
  const values = (await followed).map(({ value }) => value);
  t.deepEqual(values, [{ index: 4_999 }, ...Array.from({ length: 100 }, (_, index) => ({ live: index }))]);
  t.deepEqual(
    (await allItems((await reader.client.feeds.load(feed.uri)).listSubfeeds())).map(({ length }) => length),
    [5_100],
  );
});

test.serial('who has a copy serves it while the owner is away', async (t) => {
  const [owner, hub, reader] = await startNodes(t, 3);
  if (!owner || !hub || !reader) return t.fail();
  const subfeed = (await owner.client.feeds.create()).subfeed('main');
  await subfeed.append(['a', 'b', 'c']);
  t.is((await allItems((await hub.client.feeds.loadSubfeed(subfeed.uri)).read())).length, 3);
  owner.daemon.kill('SIGKILL');
  await until('one node is lost', async () => (await reader.client.channels.peers()).filter(({ isConnected }) => isConnected).length === 1);
  const remote = await reader.client.feeds.loadSubfeed(subfeed.uri);
  t.deepEqual(
    (await allItems(remote.read({ verified: true }))).map(({ value }) => value),
    ['a', 'b', 'c'],
  );
});

test.serial('whom the rules let submit does so from its own node, and is recorded; the others are refused', async (t) => {
  const [owner, writer, other] = await startNodes(t, 3);
  if (!owner || !writer || !other) return t.fail();
  const subfeed = (await owner.client.feeds.create()).subfeed('jobs');
  await subfeed.append(['first']);
  await subfeed.setAccessRules([{ nodeId: writer.daemon.nodeId, mayWrite: true }]);
  await (await writer.client.feeds.loadSubfeed(subfeed.uri)).submit(['from the writer']);
  const [, submitted] = await allItems(subfeed.read());
  t.is(submitted?.value, 'from the writer');
  t.is(submitted?.submitterNodeId, writer.daemon.nodeId);
  const refused = await t.throwsAsync((async () => (await other.client.feeds.loadSubfeed(subfeed.uri)).submit(['no']))());
  t.true(isKacheryError(refused, 'submit-not-allowed'), String(refused));
  const appended = await t.throwsAsync((async () => (await other.client.feeds.loadSubfeed(subfeed.uri)).append(['no']))());
  t.true(isKacheryError(appended, 'feed-not-writeable'), String(appended));
  t.is(await subfeed.getLength(), 2);
});

test.serial('a feed that nobody has is not found', async (t) => {
  const [reader] = await startNodes(t, 2);
  if (!reader) return t.fail();
  const error = await t.throwsAsync(reader.client.feeds.load(`feed://${'0'.repeat(64)}`));
  t.true(isKacheryError(error, 'feed-not-found'), String(error));
});
