import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { connect, KacheryError } from '../../src/client/index.js';
import { fails } from '../contract/client-contract.js';
import { startTestDaemon } from '../support/daemon.js';
import { startDistantDaemon } from '../support/distant-daemon.js';
import { temporaryFolder } from '../support/temporary-storage.js';

test('without a daemon the error says what was tried and how to start one', async (t) => {
  const daemon = await startTestDaemon(t);
  await daemon.stop();
  const error = await t.throwsAsync<KacheryError>(connect({ environment: daemon.environment }), { instanceOf: KacheryError });
  t.like(error, { reason: 'daemon-not-running', details: { address: daemon.address } });
  for (const part of [daemon.address, 'kachery-p2p start-daemon', 'KACHERY_P2P_OFFLINE_STORAGE_DIR']) t.true(error.message.includes(part), error.message);
});

test('a client goes on with the daemon that took the place of the one that it knew', async (t) => {
  const first = await startTestDaemon(t);
  const client = await connect({ environment: first.environment });
  t.teardown(() => client.close());
  const uri = await client.storeText('outlives its daemon');
  await first.stop();
  await fails(t, client.stat(uri), 'daemon-not-running');
  await startTestDaemon(t, { port: first.port, storageDir: first.storageDir, configDir: first.configDir });
  t.is((await client.stat(uri)).uri, uri);
});

test('what answers there and is no daemon is told as no daemon', async (t) => {
  const { createServer } = await import('node:http');
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  await fails(t, connect({ host: '127.0.0.1', port, environment: {} }), 'daemon-not-running');
});

test('connecting is given up when its caller wants', async (t) => {
  await fails(t, connect({ environment: {}, signal: AbortSignal.abort() }), 'cancelled');
});

test("a storage directory of another node is refused, and the daemon's own may have another name here", async (t) => {
  const daemon = await startTestDaemon(t);
  const folder = await temporaryFolder(t);
  await fails(t, connect({ environment: { ...daemon.environment, KACHERY_STORAGE_DIR: folder } }), 'storage-mismatch');
  await writeFile(join(folder, 'kachery-node-id'), 'f'.repeat(64));
  await fails(t, connect({ environment: daemon.environment, storageDir: folder }), 'storage-mismatch');
  await symlink(daemon.storageDir, join(folder, 'mounted'));
  const client = await connect({ environment: { ...daemon.environment, KACHERY_STORAGE_DIR: join(folder, 'mounted') } });
  t.teardown(() => client.close());
  t.true((await client.loadFile(await client.storeText('mounted'))).startsWith(join(folder, 'mounted')));
});

test("the owner token goes to the owner's own daemon only", async (t) => {
  const [own, other] = [await startTestDaemon(t), await startTestDaemon(t)];
  const client = await connect({ environment: other.environment, configDir: own.configDir });
  t.teardown(() => client.close());
  const uri = await client.storeText('in the other daemon');
  await fails(t, client.deleteFile(uri), 'owner-only');
});

test('a client that sees no token is refused, as is a wrong one; the environment may bring one', async (t) => {
  const daemon = await startDistantDaemon(t);
  const configDir = await temporaryFolder(t);
  const without = await connect({ environment: daemon.environment, configDir });
  const wrong = await connect({ environment: daemon.environment, configDir, token: 'wrong' });
  const withToken = await connect({ environment: { ...daemon.environment, KACHERY_P2P_CLIENT_TOKEN: daemon.clientToken }, configDir });
  for (const client of [without, wrong, withToken]) t.teardown(() => client.close());
  await fails(t, without.storeText('refused'), 'token-missing');
  await fails(t, wrong.storeText('refused'), 'token-invalid');
  t.is((await without.getNode()).nodeId, daemon.nodeId);
  t.true((await withToken.storeText('taken')).startsWith('sha1://'));
});

test('a file of a distant daemon is kept in the cache, and only if it is what it should be', async (t) => {
  const daemon = await startDistantDaemon(t);
  const cacheDir = await temporaryFolder(t);
  const client = await connect({ environment: daemon.environment, token: daemon.clientToken, configDir: cacheDir, cacheDir });
  t.teardown(() => client.close());
  const uri = await client.storeText('brought here');
  const path = await client.loadFile(uri);
  t.true(path.startsWith(join(cacheDir, 'files', 'sha1')));
  t.is(await readFile(path, 'utf8'), 'brought here');
  await daemon.stop();
  t.is(await client.loadText(uri), 'brought here');
});

test('an offline directory must exist, and must not be closed behind its client', async (t) => {
  const folder = await temporaryFolder(t);
  await fails(t, connect({ environment: {}, offlineStorageDir: join(folder, 'nowhere') }), 'path-not-found');
  const client = await connect({ environment: { KACHERY_OFFLINE_STORAGE_DIR: folder } });
  t.is(client.mode, 'offline');
  await client.close();
  await client.close();
  await fails(t, client.storeText('closed'), 'invalid-argument');
});

test('what needs a daemon fails as offline', async (t) => {
  const client = await connect({ offlineStorageDir: await temporaryFolder(t), environment: {} });
  t.teardown(() => client.close());
  await fails(t, client.getNode(), 'offline');
  await fails(t, client.stopDaemon(), 'offline');
  await fails(t, client.findFile('sha1://x')[Symbol.asyncIterator]().next(), 'offline');
  await fails(t, client.watchTransfers()[Symbol.asyncIterator]().next(), 'offline');
});

test('a client that is told to be online is, whatever the environment says', async (t) => {
  const daemon = await startTestDaemon(t);
  const environment = { ...daemon.environment, KACHERY_P2P_OFFLINE_STORAGE_DIR: daemon.storageDir };
  const client = await connect({ environment, offlineStorageDir: null });
  t.teardown(() => client.close());
  t.is(client.mode, 'online');
  t.is((await client.getNode()).nodeId, daemon.nodeId);
});

test('the owner stops the daemon, and others do not', async (t) => {
  const daemon = await startTestDaemon(t);
  const member = await connect({ environment: daemon.environment, configDir: await temporaryFolder(t) });
  const owner = await connect({ environment: daemon.environment });
  for (const client of [member, owner]) t.teardown(() => client.close());
  await fails(t, member.stopDaemon(), 'owner-only');
  t.is(await owner.stopDaemon(), daemon.pid);
  t.deepEqual(await daemon.ended, { code: 0, signal: null });
});

test('a closed client fails what is under way and what comes later', async (t) => {
  const daemon = await startTestDaemon(t);
  const client = await connect({ environment: daemon.environment });
  const watching = client.watchTransfers()[Symbol.asyncIterator]().next();
  await client.getNode();
  await client.close();
  await client.close();
  await fails(t, Promise.resolve(watching), 'cancelled');
  await fails(t, client.getNode(), 'invalid-argument');
});
