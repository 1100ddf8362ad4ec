import { randomBytes } from 'node:crypto';

import test, { type ExecutionContext } from 'ava';

import { connect, isKacheryError, type KacheryClient, type Mirror } from '../../src/client/index.js';
import { until } from '../fault/until.js';
import { startTestDaemon } from '../support/daemon.js';
import { connected, startTestNetwork, type TestNode } from '../support/network.js';
import { allItems } from '../support/sdk-client.js';

async function isComplete(client: KacheryClient, uri: string, isIt: (mirror: Mirror) => boolean = () => true): Promise<Mirror> {
  return until(`${uri} is mirrored`, async () =>
    (await client.mirrors.list()).find((mirror) => mirror.uri === uri && mirror.state === 'complete' && isIt(mirror)),
  );
}

/** The node once more after kill -9, with its directories and its port. */
async function restarted(t: ExecutionContext, { daemon, peerAddress }: TestNode): Promise<KacheryClient> {
  daemon.kill('SIGKILL');
  await daemon.ended;
  const { storageDir, configDir } = daemon;
  const again = await startTestDaemon(t, { storageDir, configDir, arguments: ['--peer-host', '127.0.0.1', '--peer-port', peerAddress.split(':')[1] ?? ''] });
  const client = await connect({ environment: again.environment });
  t.teardown(() => client.close());
  return client;
}

test('what a hub mirrors is had from it when its owner is away, also after the hub was killed', async (t) => {
  const { nodes } = await startTestNetwork(t, 3);
  const [hub, owner, reader] = nodes as [TestNode, TestNode, TestNode];
  for (const node of nodes) await connected(node, 2);
  const content = randomBytes(25_000_000);
  const small = randomBytes(1_000);
  const later = randomBytes(300_000);
  const uri = await owner.client.storeBytes(content);
  const listing = { files: { 'small.dat': { size: small.byteLength, sha1: sha1Of(await owner.client.storeBytes(small)) } }, dirs: {} };
  const directory = `sha1dir://${sha1Of(await owner.client.storeJson(listing))}`;
  const feed = await owner.client.feeds.create('log');
  await feed.subfeed('main').append(['a', 'b']);
  const laterUri = `sha1://${sha1Of(await reader.client.storeBytes(later))}`;
  await reader.client.deleteFile(laterUri);
  for (const mirrored of [uri, directory, feed.uri, laterUri]) t.is((await hub.client.mirrors.add(mirrored)).completedAt, undefined);
  await isComplete(hub.client, directory);
  t.like(await isComplete(hub.client, feed.uri, ({ loadedMessages }) => loadedMessages === 2), { messages: 2, subfeeds: 1 });
  const whole = await isComplete(hub.client, withoutLabel(uri));
  t.like(whole, { loadedBytes: content.byteLength, sizeBytes: content.byteLength, problem: '' });

  const client = await restarted(t, hub);
  await until('the hub is connected again', async () => (await client.channels.peers()).filter(({ isConnected }) => isConnected).length === 2);
  t.is((await client.mirrors.list()).length, 4);
  const waiting = await until('it waits', async () => (await client.mirrors.list()).find((mirror) => mirror.uri === laterUri && mirror.state === 'waiting'));
  t.not(waiting.problem, '');
  await owner.client.storeBytes(later);
  // Messages of a subfeed that is followed, and of one that is new.
  await feed.subfeed('main').append(['c']);
  await feed.subfeed('new').append(['d', 'e']);
  await client.mirrors.add(laterUri);
  await client.mirrors.add(feed.uri);
  await isComplete(client, laterUri);
  await isComplete(client, feed.uri, ({ loadedMessages }) => loadedMessages === 5);

  owner.daemon.kill('SIGKILL');
  await until('the owner is lost', async () => (await reader.client.channels.peers()).filter(({ isConnected }) => isConnected).length === 1);
  t.true(content.equals(await reader.client.loadBytes(uri)));
  t.true(later.equals(await reader.client.loadBytes(laterUri)));
  t.true(small.equals(await reader.client.loadBytes(`${directory}/small.dat`)));
  for (const [name, values] of Object.entries({ main: ['a', 'b', 'c'], new: ['d', 'e'] })) {
    const remote = await reader.client.feeds.loadSubfeed(feed.subfeed(name).uri);
    t.deepEqual(
      (await allItems(remote.read({ verified: true }))).map(({ value }) => value),
      values,
    );
  }
});

test('mirrors are the business of the owner, and are listed in pages', async (t) => {
  const daemon = await startTestDaemon(t);
  const client = await connect({ environment: daemon.environment });
  t.teardown(() => client.close());
  t.deepEqual(await client.mirrors.list(), []);
  const uris = Array.from({ length: 30 }, (_, index) => `sha1://${String(index).padStart(40, '0')}`);
  for (const uri of uris) await client.mirrors.add(uri);
  t.deepEqual(
    (await client.mirrors.list()).map(({ uri }) => uri),
    uris,
  );
  for (const uri of uris.slice(1)) await client.mirrors.remove(uri);
  t.true(isKacheryError(await t.throwsAsync(client.mirrors.remove(uris[1] ?? '')), 'mirror-not-found'));
  t.true(isKacheryError(await t.throwsAsync(client.mirrors.add('sha1://x')), 'invalid-uri'));
  const mirror = await until('it is told why it waits', async () => find(client, uris[0] ?? '', 'waiting'));
  t.true(mirror.retryAt instanceof Date);
});

async function find(client: KacheryClient, uri: string, state: Mirror['state']): Promise<Mirror | undefined> {
  return (await client.mirrors.list()).find((mirror) => mirror.uri === uri && mirror.state === state);
}

function sha1Of(uri: string): string {
  return uri.slice('sha1://'.length, 'sha1://'.length + 40);
}

function withoutLabel(uri: string): string {
  return uri.replace(/^(sha1:\/\/[0-9a-f]{40})[^?]*/, '$1');
}
