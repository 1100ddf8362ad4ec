import { once } from 'node:events';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { freePort } from '../../bench/processes/free-port.js';
import { type Finding } from '../../src/cli/doctor/finding.js';
import { CommandLineUser } from '../support/command-line.js';
import { startBareServer } from '../support/start-bare-server.js';

interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

async function diagnose(user: CommandLineUser, variables: Readonly<Record<string, string>> = {}, unprivileged = false): Promise<Diagnosis> {
  const { code, stdout } = await user.run(['doctor', '--json'], { variables, unprivileged });
  return {
    code,
    findings: stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding),
  };
}

/** The checks that were not `ok`, with their reasons; how full this machine's disk is does not count. */
function complaints({ findings }: Diagnosis): string[] {
  return findings.filter(({ check, status }) => status !== 'ok' && check !== 'disk space').map(({ check, status, reason }) => `${check}: ${reason ?? status}`);
}

function finding({ findings }: Diagnosis, check: string): Finding | undefined {
  return findings.find((one) => one.check === check);
}

test('with a daemon that works there is nothing to complain of', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon();
  const diagnosis = await diagnose(user);
  t.deepEqual(complaints(diagnosis), []);
  t.is(diagnosis.code, 0);
  t.deepEqual(
    diagnosis.findings.map(({ check }) => check),
    ['program', 'node', 'mode', 'daemon', 'version', 'token', 'disk space', 'storage directory', 'network', 'configuration directory'],
  );
  t.true(finding(diagnosis, 'daemon')?.message.includes(ready.nodeId));
  t.is(finding(diagnosis, 'storage directory')?.message, `${user.storageDir} can be read and written.`);
  t.regex((await user.run(['doctor'])).stdout, /^ok {4}program: kachery-p2p [\d.]+\nok {4}node: /);
});

test('without a daemon it says so, and whether one could be started', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready, child } = await user.startDaemon();
  child.kill('SIGTERM');
  await once(child, 'exit');
  const diagnosis = await diagnose(user);
  t.is(diagnosis.code, 4);
  t.deepEqual(complaints(diagnosis), ['daemon: daemon-not-running']);
  t.is(finding(diagnosis, 'port')?.message, `Nothing listens at 127.0.0.1:${String(ready.port)}, so a daemon can.`);
  t.is(finding(diagnosis, 'storage directory')?.message, `start-daemon will make ${join(user.dir, 'kachery-storage')}.`);

  const missing = await diagnose(user, { KACHERY_STORAGE_DIR: join(user.dir, 'no', 'such', 'place') });
  t.deepEqual(complaints(missing), ['daemon: daemon-not-running', 'storage directory: path-not-found']);
  const broken = await diagnose(user, { KACHERY_P2P_LOG_LEVEL: 'loud' });
  t.deepEqual(complaints(broken), ['daemon: daemon-not-running', 'settings of start-daemon: invalid-argument']);
});

test('a daemon that was killed is recognised', async (t) => {
  const user = await CommandLineUser.create(t);
  const { child } = await user.startDaemon();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const diagnosis = await diagnose(user);
  t.is(diagnosis.code, 4);
  t.deepEqual(complaints(diagnosis), ['daemon: daemon-not-running', 'daemon record: warn']);
  t.regex(finding(diagnosis, 'daemon record')?.message ?? '', /ended without cleaning up/);
});

test('a daemon on another port is found', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon();
  const diagnosis = await diagnose(user, { KACHERY_P2P_API_PORT: String(await freePort()) });
  t.deepEqual(complaints(diagnosis), ['daemon: daemon-not-running', 'daemon record: warn']);
  t.is(finding(diagnosis, 'daemon record')?.advice, `Run: export KACHERY_P2P_API_PORT=${String(ready.port)}`);
});

test('another program on the port is recognised', async (t) => {
  const user = await CommandLineUser.create(t);
  const address = await startBareServer(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const diagnosis = await diagnose(user, { KACHERY_P2P_API_HOST: '127.0.0.1', KACHERY_P2P_API_PORT: address.split(':')[1]! });
  t.is(diagnosis.code, 4);
  t.is(finding(diagnosis, 'port')?.reason, 'already-running');
});

test('a token that is wrong, missing or not enough is recognised', async (t) => {
  const user = await CommandLineUser.create(t);
  await user.startDaemon();
  const stranger = { KACHERY_P2P_CONFIG_DIR: join(user.dir, 'nowhere') };
  const client = await diagnose(user, stranger);
  t.is(client.code, 0);
  t.deepEqual(complaints(client), ['configuration directory: warn']);
  t.is(finding(client, 'storage directory')?.message, `${user.storageDir} can be read.`);

  await chmod(join(user.storageDir, 'client-auth'), 0o600);
  await writeFile(join(user.storageDir, 'client-auth'), 'wrong');
  const wrong = await diagnose(user, stranger);
  t.is(wrong.code, 5);
  t.is(finding(wrong, 'token')?.reason, 'token-invalid');
  await rm(join(user.storageDir, 'client-auth'));
  const missing = await diagnose(user, stranger);
  t.is(missing.code, 5);
  t.is(finding(missing, 'token')?.reason, 'token-missing');
});

test("a storage directory that is another node's or not visible is recognised", async (t) => {
  const user = await CommandLineUser.create(t);
  await user.startDaemon();
  await mkdir(join(user.dir, 'other'));
  const mismatch = await diagnose(user, { KACHERY_STORAGE_DIR: join(user.dir, 'other') });
  t.is(mismatch.code, 9);
  t.is(finding(mismatch, 'daemon')?.reason, 'storage-mismatch');
  await rm(join(user.storageDir, 'kachery-node-id'));
  const invisible = await diagnose(user);
  t.is(invisible.code, 0);
  t.deepEqual(complaints(invisible), ['storage directory: warn']);
});

test('secrets that others can read are recognised', async (t) => {
  const user = await CommandLineUser.create(t);
  await user.startDaemon();
  await chmod(user.configDir, 0o755);
  t.deepEqual(complaints(await diagnose(user)), ['configuration directory: warn']);
  await chmod(join(user.configDir, 'owner-token'), 0o644);
  const open = await diagnose(user);
  t.is(open.code, 5);
  t.is(finding(open, 'configuration directory')?.advice, `Run: chmod 600 ${join(user.configDir, 'owner-token')}`);
});

test('offline: the directory must be there and writable', async (t) => {
  const user = await CommandLineUser.create(t);
  user.goOffline();
  const healthy = await diagnose(user);
  t.is(healthy.code, 0);
  t.deepEqual(complaints(healthy), []);

  await chmod(user.dir, 0o755);
  await chmod(user.storageDir, 0o555);
  const readOnly = await diagnose(user, {}, true);
  t.is(readOnly.code, 9);
  t.deepEqual(complaints(readOnly), ['storage directory: storage-not-writable']);
  await chmod(user.storageDir, 0o700);

  await writeFile(join(user.dir, 'file'), '');
  const noDirectory = await diagnose(user, { KACHERY_P2P_OFFLINE_STORAGE_DIR: join(user.dir, 'file') });
  t.is(finding(noDirectory, 'storage directory')?.reason, 'invalid-argument');
  const nowhere = await diagnose(user, { KACHERY_P2P_OFFLINE_STORAGE_DIR: join(user.dir, 'nowhere') });
  t.is(nowhere.code, 3);
  t.is(finding(nowhere, 'storage directory')?.reason, 'path-not-found');
});

test('a setting that cannot be is named', async (t) => {
  const user = await CommandLineUser.create(t);
  const diagnosis = await diagnose(user, { KACHERY_P2P_API_PORT: 'abc' });
  t.is(diagnosis.code, 2);
  t.deepEqual(complaints(diagnosis), ['settings: invalid-argument']);
});
