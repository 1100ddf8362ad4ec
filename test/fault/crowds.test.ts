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

/**
 * What a daemon may take at its peak: the limit of the whole project for eight busy clients. Twenty readers who take nothing cost what waits for each: two
 * messages of 1 MiB, and the piece that is read ahead; without a bound they would cost the file, 200 MiB, each.
 */
const maxPeakBytes = 250 * MiB;

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
  const child = spawn(process.execPath, [resolve('dist/src/cli/main.js'), 'cat', `sha1://${sha1}`], {
    env: {
      HOME: join(node.dir, 'nobody'),
      KACHERY_P2P_API_HOST: ready?.host,
      KACHERY_P2P_API_PORT: String(ready?.port),
      KACHERY_P2P_CLIENT_TOKEN: await readFile(join(node.storageDir, 'client-auth'), 'utf8'),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  if (child.stdout) await once(child.stdout, 'readable');
  child.kill('SIGSTOP');
  return child;
}

async function peakBytes(daemon: DaemonProcess): Promise<number> {
  const status = await readFile(`/proc/${String(daemon.pid)}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test.serial('20 readers that take nothing cost little memory, and others go on beside them', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  const path = join(node.dir, 'long');
  const file = await open(path, 'w');
  await file.truncate(200 * MiB);
  await file.close();
  // A linked file, since what is read matters here, and not where it is.
  const long = await calls.linkFile(path);
  const before = await openFiles(t, node, daemon);

  const rss = async () => (await readFile(`/proc/${String(daemon.pid)}/status`, 'utf8')).match(/Vm(HWM|RSS).*/g);
  console.log('before', await rss());
  const readers = await connectAll(node, daemon, 18);
  const reading = readers.map((reader) => reader.read(long));
  for (const pieces of reading) t.false((await pieces.next()).done);
  const stopped = [await stoppedReader(t, node, daemon, long), await stoppedReader(t, node, daemon, long)];

  console.log(Date.now(), 'stopped', await rss());
  const others = await connectAll(node, daemon, 4);
  await Promise.all(
    others.map(async (other, number) => {
      for (let round = 0; round < 3; round++) {
        const bytes = new Seeded(`beside stalled readers ${String(number)} ${String(round)}`).bytes(8 * MiB);
        t.true(bytes.equals(await other.readWhole(await other.storeFile(bytes))));
      }
    }),
  );
  console.log(Date.now(), 'others', await rss());
  let readBytes = 0;
  for await (const piece of calls.read(long)) readBytes += piece.byteLength;
  t.is(readBytes, 200 * MiB, 'another one reads the same file whole');

  console.log(Date.now(), 'whole', await rss());
  if (platform() === 'linux') {
    const peak = await peakBytes(daemon);
    t.log(`${String(Math.round(peak / MiB))} MiB at the peak`);
    t.true(peak < maxPeakBytes, String(peak));
  } else t.log(`SKIPPED: ${t.title}: in part, since only Linux tells the peak of the memory`);

  for (const client of [...readers, ...others]) client.close();
  for (const child of stopped) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await untilOpenFilesAre(before, node, daemon);
});
