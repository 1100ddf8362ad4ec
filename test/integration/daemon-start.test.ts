import test, { type ExecutionContext } from 'ava';
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import { resolveNetworkConfig } from '../../src/config/network-config.js';
import { startDaemon } from '../../src/daemon/start-daemon.js';
import { failTestDaemon, startTestDaemon } from '../support/daemon.js';
import { bearer, connectRpc, dataRequest, headerRequest, upload } from '../support/rpc-clients.js';
import { temporaryFolder } from '../support/temporary-storage.js';

/** The failure that a daemon printed when it did not start. */
function failureIn(stderr: string): { reason: string; message: string } {
  const line = stderr.split('\n').find((text) => text.startsWith('{"error":'));
  return (JSON.parse(line ?? '{"error":{}}') as { error: { reason: string; message: string } }).error;
}

test.serial('a daemon makes what it needs, tells where it is, and logs JSON only', async (t) => {
  const folder = await temporaryFolder(t);
  const configDir = join(folder, 'deep', 'config');
  const daemon = await startTestDaemon(t, { configDir });
  t.is((await stat(configDir)).mode & 0o777, 0o700);
  t.deepEqual((await readdir(configDir)).sort(), ['channels', 'daemon.json', 'feed-keys', 'feeds', 'mutables', 'node-key.pem', 'owner-token']);
  const record = JSON.parse(await readFile(join(configDir, 'daemon.json'), 'utf8')) as { startedAt: string };
  t.like(record, { pid: daemon.pid, address: daemon.address, nodeId: daemon.nodeId, storageDir: daemon.storageDir });
  t.regex(record.startedAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  t.is(await readFile(join(daemon.storageDir, 'kachery-node-id'), 'utf8'), daemon.nodeId);
  t.is((await stat(join(daemon.storageDir, 'kachery-node-id'))).mode & 0o777, 0o644);

  t.deepEqual(await daemon.stop(), { code: 0, signal: null });
  t.deepEqual((await readdir(configDir)).sort(), ['channels', 'feed-keys', 'feeds', 'mutables', 'node-key.pem', 'owner-token']);
  const events = daemon.stderrLines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  t.deepEqual(events, ['the daemon is ready', 'the daemon is stopping', 'the daemon has stopped']);
});

test.serial('a second daemon on the same directories is refused, and told who has them', async (t) => {
  const first = await startTestDaemon(t);
  const { storageDir, configDir } = first;
  const folder = await temporaryFolder(t);
  for (const dirs of [{ storageDir, configDir }, { configDir }, { storageDir, configDir: join(folder, 'config') }]) {
    const { code, stderr } = await failTestDaemon(t, dirs);
    t.is(code, 9, stderr);
    const { reason, message } = failureIn(stderr);
    t.is(reason, 'already-running');
    if (dirs.configDir === configDir) t.true(message.includes(`process id ${String(first.pid)} on ${first.address}`), message);
    t.regex(message, /stop-daemon/);
    t.notRegex(message, /LOCK|delete/);
  }
  const { file } = await upload(connectRpc(t, first.address).files, bearer(first.clientToken), [headerRequest(), dataRequest(Buffer.from('still here'))]);
  t.is(file?.sizeBytes, 10n);
  t.like(JSON.parse(await readFile(join(configDir, 'daemon.json'), 'utf8')), { pid: first.pid });
});

test.serial('a second daemon on the same port is refused, and told what to do', async (t) => {
  const first = await startTestDaemon(t);
  const { code, stderr } = await failTestDaemon(t, { port: first.port });
  t.is(code, 9);
  const { reason, message } = failureIn(stderr);
  t.is(reason, 'already-running');
  t.true(message.includes(`Port ${String(first.port)} of 127.0.0.1`) && message.includes('KACHERY_P2P_API_PORT'), message);
});

test.serial('after a daemon was killed, the next one starts on what it left', async (t) => {
  const killed = await startTestDaemon(t);
  const { storageDir, configDir } = killed;
  await writeFile(join(storageDir, 'tmp', 'daemon.left-behind.tmp'), 'half');
  killed.kill('SIGKILL');
  t.deepEqual(await killed.ended, { code: null, signal: 'SIGKILL' });
  t.true((await readdir(configDir)).includes('daemon.json'));
  const next = await startTestDaemon(t, { storageDir, configDir });
  t.is(next.nodeId, killed.nodeId);
  t.deepEqual(await readdir(join(storageDir, 'tmp')), []);
});

test.serial('a storage directory that cannot be is told', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  await writeFile(file, '');
  const missing = await failTestDaemon(t, { arguments: ['--storage-dir', join(folder, 'not', 'mounted')] });
  t.is(missing.code, 3);
  t.like(failureIn(missing.stderr), { reason: 'path-not-found' });
  t.deepEqual(await readdir(folder), ['file']);
  const noDirectory = await failTestDaemon(t, { arguments: ['--storage-dir', file] });
  t.is(noDirectory.code, 5);
  t.like(failureIn(noDirectory.stderr), { reason: 'path-not-permitted' });
  const made = await startTestDaemon(t, { arguments: ['--storage-dir', join(folder, 'new')], storageDir: join(folder, 'new') });
  t.true((await readdir(join(folder, 'new'))).includes('client-auth'));
  await made.stop();
});

test.serial('directories that the daemon may not write are told', async (t) => {
  const folder = await temporaryFolder(t);
  const [storageDir, configDir] = [join(folder, 'storage'), join(folder, 'config')];
  const isSuperuser = process.getuid?.() === 0;
  const nobody = 65_534;
  for (const dir of [storageDir, configDir]) await mkdir(dir);
  if (isSuperuser) for (const dir of [folder, storageDir, configDir]) await chown(dir, nobody, nobody);
  const options = { storageDir, configDir, ...(isSuperuser && { uid: nobody }) };
  await chmod(configDir, 0o500);
  const config = await failTestDaemon(t, options);
  t.is(config.code, 5, config.stderr);
  t.like(failureIn(config.stderr), { reason: 'path-not-permitted' });
  await chmod(configDir, 0o700);
  await chmod(storageDir, 0o500);
  const storage = await failTestDaemon(t, options);
  t.is(storage.code, 9, storage.stderr);
  t.like(failureIn(storage.stderr), { reason: 'storage-not-writable' });
  await chmod(storageDir, 0o700);
});

test.serial('an address that other machines can reach is refused without consent', async (t) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
    const { code, stderr } = await failTestDaemon(t, { arguments: ['--host', host] });
    t.is(code, 2);
    t.regex(failureIn(stderr).message, /--insecure-bind/);
  }
});

/** Tells whether this machine has IPv6. */
async function hasIPv6(): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(0, '::1', () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}

async function configFor(t: ExecutionContext): Promise<Omit<Parameters<typeof startDaemon>[0], 'host' | 'port'>> {
  const folder = await temporaryFolder(t);
  const storageDir = join(folder, 'storage');
  return {
    label: '',
    storageDir,
    storageDirIsDefault: true,
    configDir: join(folder, 'config'),
    logLevel: 'silent',
    insecureBind: false,
    network: resolveNetworkConfig({}, {}),
  };
}

test.serial('on localhost a daemon listens on both addresses, and leaves neither to another program', async (t) => {
  if (!(await hasIPv6())) {
    t.log('SKIPPED: this machine has no IPv6.');
    t.pass();
    return;
  }
  const daemon = await startDaemon({ ...(await configFor(t)), host: 'localhost', port: 0 });
  for (const host of ['127.0.0.1', '::1']) {
    const socket = connect(daemon.port, host);
    await once(socket, 'connect');
    socket.destroy();
  }
  await daemon.stop();

  const other = createServer().listen(0, '::1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const refused = startDaemon({ ...(await configFor(t)), host: 'localhost', port });
  t.like(await t.throwsAsync(refused), { reason: 'already-running', details: { address: `::1:${String(port)}` } });
});

test.serial('an error that nobody caught is logged and ends the daemon', async (t) => {
  const folder = await temporaryFolder(t);
  const fault = join(folder, 'fault.mjs');
  await writeFile(fault, "process.on('SIGUSR2', () => { throw new Error('a fault of the test'); });");
  const daemon = await startTestDaemon(t, { environment: { NODE_OPTIONS: `--import=${fault}` } });
  daemon.kill('SIGUSR2');
  t.deepEqual(await daemon.ended, { code: 1, signal: null });
  const event = JSON.parse(daemon.stderrLines.at(-1) ?? '{}') as { level: number; err: { message: string } };
  t.is(event.level, 60);
  t.is(event.err.message, 'a fault of the test');
});
