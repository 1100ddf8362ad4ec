import { execFileSync } from 'node:child_process';
import { chown, link, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { chooseToken } from '../../../src/client/access-token.js';
import { fails } from '../../contract/client-contract.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

const audience = { nodeId: 'a'.repeat(64), address: 'localhost:1234', isProven: true };

async function places(t: ExecutionContext, daemon: object): Promise<{ configDir: string; storageDir: string }> {
  const folder = await temporaryFolder(t);
  const [configDir, storageDir] = [join(folder, 'config'), join(folder, 'storage')];
  for (const dir of [configDir, storageDir]) await mkdir(dir);
  await writeFile(join(configDir, 'owner-token'), 'owner\n');
  await writeFile(join(storageDir, 'kachery-node-id'), audience.nodeId);
  await writeFile(join(storageDir, 'client-auth'), 'client');
  await writeFile(join(configDir, 'daemon.json'), JSON.stringify({ pid: process.pid, address: '127.0.0.1:1234', nodeId: audience.nodeId, ...daemon }));
  return { configDir, storageDir };
}

test('the owner of a daemon of this machine has its owner token', async (t) => {
  t.deepEqual(await chooseToken(await places(t, {}), audience), { token: 'owner', isLocalOwner: true });
});

test('the owner token goes to no other node', async (t) => {
  t.deepEqual(await chooseToken(await places(t, { nodeId: 'b'.repeat(64) }), audience), { token: 'client', isLocalOwner: false });
});

test('the owner token goes to no daemon that is elsewhere or does not run', async (t) => {
  // No process has the number 0 alone, and none has so large a one.
  for (const daemon of [{ pid: 2 ** 30 }, { address: '127.0.0.1:1235' }]) {
    t.deepEqual(await chooseToken(await places(t, daemon), audience), { token: 'client', isLocalOwner: false });
  }
  const elsewhere = { ...audience, address: 'node.example.org:1234' };
  t.deepEqual(await chooseToken(await places(t, {}), elsewhere), { token: 'client', isLocalOwner: false });
});

test('a given token goes before all, the token of the environment behind all', async (t) => {
  const found = await places(t, {});
  t.deepEqual(await chooseToken({ ...found, givenToken: 'given', clientToken: 'environment' }, audience), { token: 'given', isLocalOwner: false });
  const elsewhere = { configDir: join(found.configDir, 'nowhere'), clientToken: 'environment' };
  t.deepEqual(await chooseToken({ ...elsewhere, storageDir: found.storageDir }, audience), { token: 'client', isLocalOwner: false });
  t.deepEqual(await chooseToken(elsewhere, audience), { token: 'environment', isLocalOwner: false });
  t.deepEqual(await chooseToken({ configDir: elsewhere.configDir }, audience), { isLocalOwner: false });
});

test('a record of the daemon that cannot be read is none', async (t) => {
  const found = await places(t, {});
  for (const text of ['', 'null', '{}', '[1]', '{"pid":"1"}']) {
    await writeFile(join(found.configDir, 'daemon.json'), text);
    t.deepEqual(await chooseToken(found, audience), { token: 'client', isLocalOwner: false });
  }
});

test('a node that is known and does not prove that it is that node gets no token', async (t) => {
  const unproven = { ...audience, isProven: false };
  const found = await places(t, {});
  await fails(t, chooseToken(found, unproven), 'daemon-not-running');
  await fails(t, chooseToken({ configDir: found.configDir, clientToken: 'environment' }, unproven), 'daemon-not-running');
  const stranger = { configDir: join(found.configDir, 'nowhere') };
  await fails(t, chooseToken({ ...stranger, storageDir: found.storageDir, givenToken: 'given' }, unproven), 'daemon-not-running');
  t.deepEqual(await chooseToken({ ...stranger, clientToken: 'environment' }, unproven), { token: 'environment', isLocalOwner: false });
});

test('the client token is read from the directory of that node only', async (t) => {
  const { storageDir, configDir } = await places(t, {});
  const stranger = { configDir: join(configDir, 'nowhere'), storageDir };
  t.deepEqual(await chooseToken(stranger, audience), { token: 'client', isLocalOwner: false });
  await writeFile(join(storageDir, 'kachery-node-id'), 'b'.repeat(64));
  t.deepEqual(await chooseToken(stranger, audience), { isLocalOwner: false });
});

test("another user's secret is not taken for the client token of a directory", async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('SKIPPED: only root can make files of several users');
    t.pass();
    return;
  }
  const { storageDir, configDir } = await places(t, {});
  const stranger = { configDir: join(configDir, 'nowhere'), storageDir };
  const token = join(storageDir, 'client-auth');
  const attacker = 65_534;
  await chown(join(storageDir, 'kachery-node-id'), attacker, attacker);
  for (const make of [symlink, link]) {
    await rm(token);
    await make(join(configDir, 'owner-token'), token);
    t.deepEqual(await chooseToken(stranger, audience), { isLocalOwner: false });
  }
});

test('links to files of one owner are no mark and no token', async (t) => {
  const { storageDir, configDir } = await places(t, {});
  const stranger = { configDir: join(configDir, 'nowhere'), storageDir };
  const [mark, token, note] = [join(storageDir, 'kachery-node-id'), join(storageDir, 'client-auth'), join(configDir, 'note')];
  await writeFile(note, audience.nodeId);
  const targets = { [mark]: note, [token]: join(configDir, 'owner-token') };
  for (const make of [symlink, link]) {
    for (const paths of [[mark], [token], [mark, token]]) {
      for (const path of paths) {
        await rm(path);
        await make(targets[path] ?? '', path);
      }
      t.deepEqual(await chooseToken(stranger, audience), { isLocalOwner: false });
      for (const path of paths) {
        await rm(path);
        await writeFile(path, path === mark ? audience.nodeId : 'client');
      }
      t.deepEqual(await chooseToken(stranger, audience), { token: 'client', isLocalOwner: false });
    }
  }
});

test("a token in another user's directory is none, unless all there is that user's", async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('SKIPPED: only root can make files of several users');
    t.pass();
    return;
  }
  const { storageDir, configDir } = await places(t, {});
  const stranger = { configDir: join(configDir, 'nowhere'), storageDir };
  const service = 65_534;
  await chown(storageDir, service, service);
  t.deepEqual(await chooseToken(stranger, audience), { isLocalOwner: false });
  for (const name of ['kachery-node-id', 'client-auth']) await chown(join(storageDir, name), service, service);
  t.deepEqual(await chooseToken(stranger, audience), { token: 'client', isLocalOwner: false });
  await chown(storageDir, 0, 0);
  t.deepEqual(await chooseToken(stranger, audience), { token: 'client', isLocalOwner: false });
});

test('what is no small file is no token, and nobody waits for it', async (t) => {
  const { storageDir, configDir } = await places(t, {});
  const stranger = { configDir: join(configDir, 'nowhere'), storageDir };
  const token = join(storageDir, 'client-auth');
  const others: readonly (() => Promise<unknown> | Buffer)[] = [
    () => writeFile(token, 'x'.repeat(5000)),
    () => mkdir(token),
    () => execFileSync('mkfifo', [token]),
  ];
  for (const make of others) {
    await rm(token, { recursive: true });
    await make();
    t.deepEqual(await chooseToken(stranger, audience), { isLocalOwner: false });
  }
});
