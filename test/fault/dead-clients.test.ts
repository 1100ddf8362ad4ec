import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { isKacheryError } from '../../src/core/failure.js';
import { type NodeCalls, piecesOf } from './node-calls.js';
import { openFiles, untilOpenFilesAre } from './open-files.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { StorageState } from './storage-state.js';
import { type DaemonProcess, TestNode } from './test-node.js';
import { until } from './until.js';

const MiB = 1024 * 1024;

/** A process of the command line, which is no owner, so that it has to send what it stores. Gone with the test. */
async function spawnClient(t: ExecutionContext, node: TestNode, daemon: DaemonProcess, words: readonly string[]): Promise<ChildProcess> {
  const ready = await daemon.ready;
  const child = spawn(process.execPath, [resolve('dist/programs/cli/main.js'), ...words], {
    env: { HOME: join(node.dir, 'nobody'), KACHERY_P2P_API_HOST: ready?.host, KACHERY_P2P_API_PORT: String(ready?.port) },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  t.teardown(() => killed(child));
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function sizesIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
}

/** Waits until the daemon has noticed that a client is gone, and goes on with its upload. */
async function goOn(calls: NodeCalls, bytes: Buffer, uploadId: string): Promise<string> {
  return until('the upload is free', async () => {
    try {
      return await calls.storeResumable(bytes, uploadId);
    } catch (error) {
      if (isKacheryError(error, 'too-busy') || isKacheryError(error, 'upload-offset-mismatch')) return undefined;
      throw error;
    }
  });
}

test.serial('of a client that is killed while it sends a file, the daemon keeps what can be continued, and nothing else', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  await calls.nodeId();
  const state = new StorageState(t, node.layout);
  const path = join(node.dir, 'sent');
  const bytes = new Seeded('sent by a client that dies').bytes(160 * MiB);
  await writeFile(path, bytes);
  await calls.storeFile(bytes.subarray(0, 3 * MiB));
  const before = await openFiles(t, node, daemon);

  const client = await spawnClient(t, node, daemon, ['store', path]);
  await until('some of the upload is there', async () => (await sizesIn(node.layout.uploadsDir)).some((size) => size > 4 * MiB));
  await killed(client);
  t.deepEqual(await calls.missing([sha1Of(bytes)]), [sha1Of(bytes)], 'it was killed early enough');
  await untilOpenFilesAre(before, node, daemon);
  const [claim = '', part, ...others] = await state.uploads();
  const uploadId = claim.replace('.json', '');
  t.is(part, `${uploadId}.part`);
  t.deepEqual(others, []);
  const committed = (await calls.committedBytes(uploadId)) ?? 0;
  t.true(committed > 4 * MiB && committed < bytes.byteLength, String(committed));
  t.deepEqual(await state.check('after the death of the client'), new Set([sha1Of(bytes.subarray(0, 3 * MiB))]));
  t.is(await goOn(calls, bytes, uploadId), sha1Of(bytes));
  t.deepEqual(await state.uploads(), []);
  await untilOpenFilesAre(before, node, daemon);
});

test.serial('of a client that is killed while it sends a stream, nothing is left', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  await calls.nodeId();
  await calls.storeFile(new Seeded('before').bytes(MiB));
  const before = await openFiles(t, node, daemon);
  const client = await spawnClient(t, node, daemon, ['store', '-']);
  client.stdin?.write(new Seeded('a stream that is cut off').bytes(8 * MiB));
  await until('some of the stream is there', async () => (await sizesIn(node.layout.temporaryDir)).some((size) => size > MiB));
  await killed(client);
  await until('the temporary file is gone', async () => (await readdir(node.layout.temporaryDir)).length === 0);
  await untilOpenFilesAre(before, node, daemon);
  t.is((await new StorageState(t, node.layout).check('after the death of the client')).size, 1);
});

/** One of each way to store, and all that is wrong with it. */
async function failingStores(calls: NodeCalls, node: TestNode, number: number): Promise<void> {
  const bytes = new Seeded(`refused ${String(number)}`).bytes(number % 2 === 0 ? 1_000 : 600_000);
  const wrong = { sha1: sha1Of(Buffer.from('another')) };
  const calling = [
    () => calls.storeFile(bytes, wrong),
    () => calls.storeFile(bytes, { sizeBytes: BigInt(bytes.byteLength + 1) }),
    () => calls.storeStream(breaking(bytes)),
    () => calls.storeLocalFile(node.dir),
    () => calls.linkFile(join(node.dir, 'not there')),
    () => calls.storeFile(bytes, { ...wrong, sizeBytes: BigInt(bytes.byteLength), uploadId: `refused-upload-${String(number)}` }),
  ];
  const call = calling[number % calling.length];
  await call?.().then(
    () => {
      throw new Error('It was stored, although it should have been refused.');
    },
    () => undefined,
  );
}

/** Reads a content whole, again and again while something else is going on, which must not change what comes. */
async function besideWholeReads(t: ExecutionContext, calls: NodeCalls, content: Buffer, work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const reading = async (): Promise<void> => {
    do t.true(content.equals(await calls.readWhole(sha1Of(content))));
    while (!isOver);
  };
  const read = reading();
  await work();
  isOver = true;
  await read;
  calls.close();
}

function* breaking(bytes: Buffer): Generator<Buffer, void, undefined> {
  yield* piecesOf(bytes);
  throw new Error('The source of the client is broken.');
}

test.serial('after 300 stores, 300 refused ones and 300 reads that were broken off, the daemon has open what it had before', async (t) => {
  const node = await TestNode.create(t);
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  const large = new Seeded('read in part').bytes(3 * MiB);
  const path = join(node.dir, 'source');
  const storeEach = async (number: number): Promise<void> => {
    const bytes = new Seeded(`stored ${String(number)}`).bytes(number % 2 === 0 ? 1_000 : 300_000);
    await writeFile(path, bytes);
    const ways = [() => calls.storeLocalFile(path), () => calls.storeFile(bytes), () => calls.storeFiles([bytes])];
    await ways[number % ways.length]?.();
  };
  const breakOff = async (number: number): Promise<void> => {
    for await (const piece of calls.read(sha1Of(large), number)) if (piece.byteLength > 0) return;
  };
  await calls.storeFile(large);
  for (const number of [0, 1, 2, 3, 4, 5]) {
    await storeEach(number);
    await failingStores(calls, node, number);
    await breakOff(number);
  }
  const before = await openFiles(t, node, daemon);
  for (let number = 6; number < 306; number++) await storeEach(number);
  await untilOpenFilesAre(before, node, daemon);
  for (let number = 6; number < 306; number++) await failingStores(calls, node, number);
  await untilOpenFilesAre(before, node, daemon);
  await besideWholeReads(t, await node.connect(daemon), large, async () => {
    await Promise.all(
      [0, 1, 2, 3].map(async (lane) => {
        for (let number = 0; number < 75; number++) await breakOff(6 + lane * 75 + number);
      }),
    );
  });
  await untilOpenFilesAre(before, node, daemon);
  const state = new StorageState(t, node.layout);
  await state.check('at the end');
  t.deepEqual(await state.uploads(), []);
});
