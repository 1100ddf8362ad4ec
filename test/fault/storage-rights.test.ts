import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { parseContentId } from '../../src/core/content-id.js';
import { type NodeCalls } from './node-calls.js';
import { refusal } from './refusal.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { SmallDisk } from './small-disk.js';
import { StorageState } from './storage-state.js';
import { storeKinds } from './store-work.js';
import { type DaemonProcess, TestNode } from './test-node.js';

const diskBytes = 100 * 1024 * 1024;
const before = new Seeded('stored before').bytes(3_000_000);

/** Takes the right to write from every folder of a node's storage directory but the database's, or gives it back. */
async function setRights(node: TestNode, rights: 'read' | 'write'): Promise<void> {
  const entries = await readdir(node.storageDir, { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && entry.name !== 'index').map((entry) => join(entry.parentPath, entry.name));
  for (const folder of [node.storageDir, ...folders]) await chmod(folder, rights === 'read' ? 0o555 : 0o755);
}

async function checkRefusedStart(t: ExecutionContext, node: TestNode): Promise<void> {
  const daemon = node.spawn();
  t.is(await daemon.end(), 9);
  const { reason, message } = await daemon.failure();
  t.is(reason, 'storage-not-writable');
  t.true(message.includes(node.storageDir));
}

/** Checks that whatever stores is refused, that everything else works, and that nothing was left behind. */
async function checkReadOnly(t: ExecutionContext, node: TestNode, calls: NodeCalls): Promise<void> {
  for (const [index, kind] of storeKinds.entries()) {
    const { reason, code, message } = await refusal(t, (await kind.work(node, index)).run(calls));
    t.is(reason, 'storage-not-writable', kind.name);
    t.is(code, status.FAILED_PRECONDITION, kind.name);
    t.true(message.includes(node.storageDir), kind.name);
  }
  t.is((await refusal(t, calls.deleteFile(sha1Of(before)))).reason, 'storage-not-writable');
  t.true(before.equals(await calls.readWhole(sha1Of(before))));
  t.deepEqual(await calls.verify(), []);
  const state = new StorageState(t, node.layout);
  t.deepEqual([...(await state.check('read-only'))], [sha1Of(before)]);
  t.deepEqual([...(await state.uploads()), ...(await state.journals())], []);
}

async function checkStoring(t: ExecutionContext, node: TestNode, calls: NodeCalls, daemon: DaemonProcess): Promise<void> {
  for (const [index, kind] of storeKinds.entries()) {
    const work = await kind.work(node, index);
    await work.run(calls);
    for (const bytes of work.contents) t.true(bytes.equals(await calls.readWhole(sha1Of(bytes))), kind.name);
  }
  t.deepEqual(await calls.verify(), []);
  t.true(daemon.isRunning);
}

test.serial('a storage directory whose folders may not be written is refused at the start, and while the daemon runs', async (t) => {
  const node = await TestNode.create(t, { unprivileged: true });
  if (!node.isUnprivileged) {
    t.pass();
    return;
  }
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  await calls.storeFile(before);
  await setRights(node, 'read');
  t.teardown(() => setRights(node, 'write'));
  await checkReadOnly(t, node, calls);
  await setRights(node, 'write');
  await checkStoring(t, node, calls, daemon);
  await daemon.kill();

  await setRights(node, 'read');
  await checkRefusedStart(t, node);
  await chmod(node.storageDir, 0o755);
  await checkRefusedStart(t, node);
  await setRights(node, 'write');
  await chmod(node.storageDir, 0o555);
  await checkRefusedStart(t, node);
  await setRights(node, 'write');
  await node.start();
});

test.serial('a storage directory that is mounted read-only is refused at the start, and while the daemon runs', async (t) => {
  const disk = await SmallDisk.mount(t, diskBytes);
  if (!disk) return;
  const node = await TestNode.create(t, { storageDir: disk.dir });
  // The database has files open for writing, which keep a disk from becoming read-only.
  await mkdir(join(disk.dir, 'index'));
  if (!(await SmallDisk.mount(t, diskBytes, join(disk.dir, 'index')))) return;
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  await calls.storeFile(before);
  await disk.become('ro');
  await checkReadOnly(t, node, calls);
  await disk.become('rw');
  await checkStoring(t, node, calls, daemon);
  await daemon.kill();
  await disk.become('ro');
  await checkRefusedStart(t, node);
  await disk.become('rw');
  await node.start();
});

test.serial('a storage directory on another file system than the temporary folder works', async (t) => {
  const dir = await otherFileSystem(t);
  if (dir === undefined) return;
  const node = await TestNode.create(t, { storageDir: dir });
  t.not((await stat(dir)).dev, (await stat(node.dir)).dev);
  const daemon = await node.start();
  await checkStoring(t, node, await node.connect(daemon), daemon);
});

async function otherFileSystem(t: ExecutionContext): Promise<string | undefined> {
  const here = (await stat(tmpdir())).dev;
  const shared = await stat('/dev/shm').catch(() => undefined);
  if (!shared?.isDirectory() || shared.dev === here) return (await SmallDisk.mount(t, diskBytes))?.dir;
  const dir = await mkdtemp('/dev/shm/kachery-p2p-fault-');
  t.teardown(() => rm(dir, { recursive: true }));
  return dir;
}

test.serial('a stored file that the daemon may not read is refused as such, and replaced when it is stored again', async (t) => {
  const node = await TestNode.create(t, { unprivileged: true });
  if (!node.isUnprivileged) {
    t.pass();
    return;
  }
  const calls = await node.connect(await node.start());
  const small = new Seeded('closed').bytes(1000);
  for (const bytes of [small, before]) {
    const path = node.layout.contentPath(parseContentId(await calls.storeFile(bytes)));
    await chmod(path, 0);
    const { reason, code, message } = await refusal(t, calls.readWhole(sha1Of(bytes)));
    t.is(reason, 'path-not-permitted');
    t.is(code, status.PERMISSION_DENIED);
    t.true(message.includes(path));
    t.deepEqual(await calls.missing([sha1Of(bytes)]), [sha1Of(bytes)]);
    await calls.storeFile(bytes);
    t.true(bytes.equals(await calls.readWhole(sha1Of(bytes))));
  }
});

test.serial("an owner's file that may not be read is refused as such", async (t) => {
  const node = await TestNode.create(t, { unprivileged: true });
  if (!node.isUnprivileged) {
    t.pass();
    return;
  }
  const [unreadable, hidden] = [join(node.dir, 'unreadable'), join(node.dir, 'closed', 'hidden')];
  await mkdir(dirname(hidden));
  for (const path of [unreadable, hidden]) await writeFile(path, before);
  await chmod(unreadable, 0o000);
  await chmod(dirname(hidden), 0o000);
  t.teardown(() => chmod(dirname(hidden), 0o700));
  const calls = await node.connect(await node.start());
  for (const path of [unreadable, hidden]) {
    for (const call of [calls.storeLocalFile(path), calls.linkFile(path)]) {
      const { reason, code, message } = await refusal(t, call);
      t.is(reason, 'path-not-permitted');
      t.is(code, status.PERMISSION_DENIED);
      t.true(message.includes(path));
    }
  }
  t.deepEqual([...(await new StorageState(t, node.layout).check('afterwards'))], []);
});
