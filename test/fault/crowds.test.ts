import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { type NodeCalls } from './node-calls.js';
import { openFiles, untilOpenFilesAre } from './open-files.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { StorageState } from './storage-state.js';
import { type DaemonProcess, TestNode } from './test-node.js';

const MiB = 1024 * 1024;

/** What a daemon may take with 20 readers who take nothing: without a bound on what waits for them it would be up to 4 GiB. */
const maxStalledBytes = 250 * MiB;
/** With busy clients besides: the project's limit for those, and for each who stands still two messages of 1 MiB, the piece behind them and some room. */
const maxPeakBytes = (250 + 20 * 4) * MiB;

function connectAll(node: TestNode, daemon: DaemonProcess, count: number): Promise<NodeCalls[]> {
  return Promise.all(Array.from({ length: count }, () => node.connect(daemon, 'client')));
}

test.serial('64 clients that store the same 3 MB at once share one copy, 64 read it at once, and nothing stays open', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  await calls.storeFile(new Seeded('warm-up').bytes(3 * MiB));
  const before = await openFiles(t, node, daemon);
  const bytes = new Seeded('stored by many').bytes(3_000_000);
  const sha1 = sha1Of(bytes);
  const clients = await connectAll(node, daemon, 64);
  const headers = [{}, { sizeBytes: 3_000_000n }, { sizeBytes: 3_000_000n, sha1 }];
  const stored = await Promise.all(clients.map((client, number) => client.storeFile(bytes, headers[number % headers.length])));
  t.deepEqual(new Set(stored), new Set([sha1]));
  const same = await Promise.all(clients.map(async (client) => bytes.equals(await client.readWhole(sha1))));
  t.deepEqual(same, Array<boolean>(64).fill(true));
  for (const client of clients) client.close();
  await untilOpenFilesAre(before, node, daemon);
  t.is((await new StorageState(t, node.layout).check('afterwards')).size, 2);
});

/** A reader that takes some bytes and then stands still, connection and all, as a process that was stopped or a machine that lost its network. */
async function stoppedReader(t: ExecutionContext, node: TestNode, daemon: DaemonProcess, sha1: string): Promise<ChildProcess> {
  const ready = await daemon.ready;
  const child = spawn(process.execPath, [resolve('dist/programs/cli/main.js'), 'cat', `sha1://${sha1}`], {
    env: {
      HOME: join(node.dir, 'nobody'),
      KACHERY_P2P_API_HOST: ready?.host,
      KACHERY_P2P_API_PORT: String(ready?.port),
      KACHERY_P2P_CLIENT_TOKEN: (await readFile(join(node.storageDir, 'client-auth'), 'utf8')).trim(),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await once(child.stdout, 'readable');
  child.kill('SIGSTOP');
  return child;
}

/** The memory that a daemon took at its peak until now. */
async function checkPeak(t: ExecutionContext, daemon: DaemonProcess, maxBytes: number): Promise<void> {
  if (platform() !== 'linux') {
    t.log(`SKIPPED: ${t.title}: in part, since only Linux tells the peak of the memory`);
    return;
  }
  const status = await readFile(`/proc/${String(daemon.pid)}/status`, 'utf8');
  const peakBytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  t.log(`${String(Math.round(peakBytes / MiB))} MiB at the peak`);
  t.true(peakBytes < maxBytes);
}

test.serial('20 readers that take nothing cost little memory, and others go on beside them', async (t) => {
  const node = await TestNode.create(t);
  // A name of the directory that is good in the daemon's process only, so that clients cannot read there themselves.
  const daemon = await node.start({}, platform() === 'linux' ? ['--storage-dir', '/proc/self/cwd/storage'] : []);
  const calls = await node.connect(daemon);
  const path = join(node.dir, 'long');
  const file = await open(path, 'w');
  await file.truncate(200 * MiB);
  await file.close();
  // A linked file, since what is read matters here, and not where it is.
  const long = await calls.linkFile(path);
  const before = await openFiles(t, node, daemon);

  const readers = await connectAll(node, daemon, 18);
  const reading = readers.map((reader) => reader.read(long));
  for (const pieces of reading) t.false((await pieces.next()).done);
  const stopped = [await stoppedReader(t, node, daemon, long), await stoppedReader(t, node, daemon, long)];

  await checkPeak(t, daemon, maxStalledBytes);

  const others = await connectAll(node, daemon, 4);
  await Promise.all(
    others.map(async (other, number) => {
      for (let round = 0; round < 3; round++) {
        const bytes = new Seeded(`beside stalled readers ${String(number)} ${String(round)}`).bytes(8 * MiB);
        t.true(bytes.equals(await other.readWhole(await other.storeFile(bytes))));
      }
    }),
  );
  let readBytes = 0;
  for await (const piece of calls.read(long)) readBytes += piece.byteLength;
  t.is(readBytes, 200 * MiB, 'another one reads the same file whole');

  await checkPeak(t, daemon, maxPeakBytes);

  for (const pieces of reading) await pieces.return();
  for (const client of [...readers, ...others]) client.close();
  for (const child of stopped) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await untilOpenFilesAre(before, node, daemon);
});
