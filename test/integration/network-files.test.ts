import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import test, { type ExecutionContext } from 'ava';

import { isKacheryError, type KacheryClient, type Progress } from '../../src/client/index.js';
import { until } from '../fault/until.js';
import { ChannelServer } from '../support/channel-server.js';
import { channelText } from '../support/channel-text.js';
import { connected, startNode, startTestNetwork, type TestNode } from '../support/network.js';
import { restartNode } from '../support/restart-node.js';
import { allItems } from '../support/sdk-client.js';

const MB = 1_000_000;

/** Nodes that are all connected with each other. */
async function startConnected(t: ExecutionContext, count: number, flags: (index: number) => readonly string[] = () => []) {
  const network = await startTestNetwork(t, count, { daemon: (index) => ({ arguments: flags(index) }) });
  for (const node of network.nodes) await connected(node, count - 1);
  return network;
}

function node(nodes: readonly TestNode[], index: number): TestNode {
  const found = nodes[index];
  if (!found) throw new Error(`there is no node ${String(index)}`);
  return found;
}

test.serial('a file of one node is loaded on another, whole and verified', async (t) => {
  const { nodes } = await startConnected(t, 2);
  const [source, reader] = [node(nodes, 0), node(nodes, 1)];
  for (const sizeBytes of [0, 1, 300_000, 20 * MB, 45 * MB + 7]) {
    const content = randomBytes(sizeBytes);
    const uri = await source.client.storeBytes(content, { label: 'a.dat' });
    const heard: Progress[] = [];
    const path = await reader.client.loadFile(uri, { onProgress: (progress) => heard.push(progress) });
    t.true((await readFile(path)).equals(content), String(sizeBytes));
    t.true(path.startsWith(reader.daemon.storageDir));
    if (sizeBytes > MB) t.true(heard.some(({ sources }) => sources?.some(({ nodeId, label }) => nodeId === source.daemon.nodeId && label === 'node-0')));
    t.deepEqual(
      (await allItems(reader.client.findFile(uri))).map(({ nodeId, isLocal }) => [nodeId, isLocal]),
      [
        [reader.daemon.nodeId, true],
        [source.daemon.nodeId, false],
      ],
    );
  }
});

test.serial('a range of a remote file brings only the chunks that it touches, once', async (t) => {
  const { nodes } = await startConnected(t, 2);
  const [source, reader] = [node(nodes, 0), node(nodes, 1)];
  const content = randomBytes(100 * MB);
  const uri = await source.client.storeBytes(content);
  const expected = content.subarray(50 * MB, 50 * MB + 1_000);
  t.true(Buffer.from(await reader.client.loadBytes(uri, { start: 50 * MB, end: 50 * MB + 1_000 })).equals(expected));
  const afterFirst = await receivedBytes(reader);
  t.true(afterFirst < 25 * MB, String(afterFirst));
  t.true(Buffer.from(await reader.client.loadBytes(uri, { start: 50 * MB, end: 50 * MB + 1_000 })).equals(expected));
  t.true((await receivedBytes(reader)) - afterFirst < 0.1 * MB);
  t.true((await readFile(await reader.client.loadFile(uri))).equals(content));
  t.true((await receivedBytes(reader)) < 110 * MB, 'the chunk that was here came once');
});

test.serial('what nobody has is not found at once; what somebody out of reach may have is told so', async (t) => {
  const { nodes } = await startConnected(t, 3);
  const [reader, lost] = [node(nodes, 0), node(nodes, 2)];
  const uri = `sha1://${'0'.repeat(40)}`;
  const error = await t.throwsAsync(reader.client.loadFile(uri));
  t.true(isKacheryError(error, 'file-not-found'), String(error));
  lost.daemon.kill('SIGKILL');
  await until('one node is lost', async () => (await reader.client.channels.peers()).filter(({ isConnected }) => isConnected).length === 1);
  const unreachable = await t.throwsAsync(reader.client.loadFile(uri));
  t.true(isKacheryError(unreachable, 'node-unreachable'), String(unreachable));
  t.regex(String(unreachable), /node-2/);
  t.true(isKacheryError(await t.throwsAsync(reader.client.loadFile(uri, { localOnly: true })), 'file-not-found'));
  const other = node(nodes, 1).daemon.nodeId;
  t.true(isKacheryError(await t.throwsAsync(reader.client.loadFile(uri, { fromNode: other })), 'file-not-found'));
  t.true(isKacheryError(await t.throwsAsync(reader.client.loadFile(uri, { fromChannel: 'elsewhere' })), 'channel-not-joined'));
});

test.serial('a node that the channel does not list gets nothing, and is told what to do', async (t) => {
  const { channel, nodes } = await startConnected(t, 2);
  const stranger = await startNode(t, 9);
  const uri = await node(nodes, 0).client.storeText('for members only');
  const joined = await stranger.client.channels.join(channel);
  t.false(joined.isAuthorized);
  t.true(joined.advice.includes(stranger.daemon.nodeId), joined.advice);
  const error = await t.throwsAsync(stranger.client.loadText(uri));
  t.true(isKacheryError(error), String(error));
  t.deepEqual(await allFound(stranger.client, uri), []);
  t.false((await stranger.client.channels.peers()).some(({ isConnected }) => isConnected));
  for (const { daemon } of nodes) t.false(daemon.stderrLines.some((line) => line.includes(uri)));
});

test.serial('a member that is removed while it downloads gets no more', async (t) => {
  const network = await startConnected(t, 2, (index) => (index === 0 ? ['--upload-limit', '2'] : []));
  const [source, removed] = [node(network.nodes, 0), node(network.nodes, 1)];
  const uri = await source.client.storeBytes(randomBytes(60 * MB));
  const load = removed.client.loadFile(uri);
  load.catch(() => undefined);
  await until('the download has begun', async () => (await receivedBytes(removed)) > MB);
  await network.list([source]);
  await expectRefused(t, load, source);
  await until('the removed node is gone', async () => (await source.client.channels.peers()).every(({ isConnected }) => !isConnected));
  t.true(isKacheryError(await t.throwsAsync(removed.client.loadFile(uri)), 'file-not-found'), 'there is nobody to ask');
});

test.serial('a member that is removed while it downloads hears it from the other one, when that one alone has read so', async (t) => {
  const server = await ChannelServer.start(t);
  const [source, removed] = [await startNode(t, 0, { arguments: ['--upload-limit', '2'] }), await startNode(t, 1)];
  const list = (nodes: readonly TestNode[]): void => {
    const entries = nodes.map(({ name, daemon }) => ({ nodeId: daemon.nodeId, label: name }));
    server.put('/lab', channelText('the-lab', entries, [source.peerAddress]));
  };
  list([source, removed]);
  for (const { client } of [source, removed]) await client.channels.join(server.url('/lab'));
  await Promise.all([connected(source, 1), connected(removed, 1)]);
  const uri = await source.client.storeBytes(randomBytes(60 * MB));
  const load = removed.client.loadFile(uri);
  load.catch(() => undefined);
  await until('the download has begun', async () => (await receivedBytes(removed)) > MB);
  list([source]);
  await source.client.channels.join(server.url('/lab'));
  await expectRefused(t, load, source);
  const again = await t.throwsAsync(removed.client.loadFile(uri));
  t.true(isKacheryError(again, 'node-unreachable'), String(again));
  t.regex(String(again), /does not list this node/);
});

test.serial('a load goes on when its only source was killed and comes back', async (t) => {
  const network = await startConnected(t, 2, (index) => (index === 0 ? ['--upload-limit', '20'] : []));
  const [source, reader] = [node(network.nodes, 0), node(network.nodes, 1)];
  const content = randomBytes(80 * MB);
  const uri = await source.client.storeBytes(content);
  const states = new Set<string>();
  const load = reader.client.loadFile(uri, { onProgress: ({ state }) => states.add(state) });
  load.catch(() => undefined);
  await until('a third of the file came', async () => (await receivedBytes(reader)) > 30 * MB);
  source.daemon.kill('SIGKILL');
  await until('the load waits', () => states.has('waiting'));
  await restartNode(t, source);
  const loaded = await readFile(await load);
  t.is(sha1(loaded), sha1(content));
});

test.serial('one download serves fifty clients', async (t) => {
  const { nodes } = await startConnected(t, 2);
  const [source, reader] = [node(nodes, 0), node(nodes, 1)];
  const content = randomBytes(30 * MB);
  const uri = await source.client.storeBytes(content);
  const paths = await Promise.all(Array.from({ length: 50 }, () => reader.client.loadFile(uri)));
  t.is(new Set(paths).size, 1);
  t.is(sha1(await readFile(paths[0] ?? '')), sha1(content));
  const received = await receivedBytes(reader);
  t.true(received < 33 * MB, String(received));
});

test.serial('several nodes send the chunks of a file together', async (t) => {
  const { nodes } = await startConnected(t, 3, (index) => (index === 2 ? [] : ['--upload-limit', '20']));
  const [first, second, reader] = [node(nodes, 0), node(nodes, 1), node(nodes, 2)];
  const content = randomBytes(60 * MB);
  const uri = await first.client.storeBytes(content);
  await second.client.storeBytes(content);
  const loadedFrom = new Map<string, number>();
  const onProgress = ({ sources = [] }: Progress): void => {
    for (const { nodeId, loadedBytes } of sources) loadedFrom.set(nodeId, loadedBytes);
  };
  t.is(sha1(await readFile(await reader.client.loadFile(uri, { onProgress }))), sha1(content));
  for (const { daemon } of [first, second]) t.true((loadedFrom.get(daemon.nodeId) ?? 0) > 5 * MB, JSON.stringify([...loadedFrom]));
});

test.serial('many small files come together, each that cannot be had with its own reason', async (t) => {
  const { nodes } = await startConnected(t, 2);
  const [source, reader] = [node(nodes, 0), node(nodes, 1)];
  const contents = Array.from({ length: 1_200 }, (_, index) => Buffer.from(`content ${String(index)}`));
  const uris = await source.client.storeFiles(contents.map((content) => ({ content })));
  const loaded = await allItems(reader.client.loadFiles(uris));
  t.true(loaded.every((content, index) => contents[index]?.equals(content)));
  t.is(loaded.length, contents.length);
  const large = await source.client.storeBytes(randomBytes(2 * MB));
  t.true(isKacheryError(await t.throwsAsync(allItems(reader.client.loadFiles([large]))), 'too-large'));
  const nowhere = `sha1://${'1'.repeat(40)}`;
  t.true(isKacheryError(await t.throwsAsync(allItems(reader.client.loadFiles([uris[0] ?? '', nowhere]))), 'file-not-found'));
  const listing = { dirs: { data: { files: { 'a.txt': { size: 9, sha1: sha1(contents[7] ?? Buffer.alloc(0)) } }, dirs: {} } }, files: {} };
  const directory = (await source.client.storeJson(listing)).replace(/^sha1:\/\/([0-9a-f]{40}).*$/, 'sha1dir://$1.lab/data/a.txt');
  t.is(await reader.client.loadText(directory), 'content 7');
});

/** A load from a node that does not serve this one any more ends, and says so: nobody waits for the node to come back. */
async function expectRefused(t: ExecutionContext, load: Promise<unknown>, { name }: TestNode): Promise<void> {
  const error = await t.throwsAsync(load);
  t.true(isKacheryError(error, 'not-authorized'), String(error));
  t.regex(String(error), new RegExp(`do not serve this node any more, .*: ${name} `));
}

async function receivedBytes({ client }: TestNode): Promise<number> {
  return (await client.channels.peers()).reduce((sum, peer) => sum + peer.receivedBytes, 0);
}

async function allFound(client: KacheryClient, uri: string): Promise<unknown[]> {
  try {
    return await allItems(client.findFile(uri));
  } catch (error) {
    if (isKacheryError(error, 'node-unreachable')) return [];
    throw error;
  }
}

function sha1(content: Uint8Array): string {
  return createHash('sha1').update(content).digest('hex');
}
