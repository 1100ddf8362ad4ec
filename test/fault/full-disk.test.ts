import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { type NodeCalls, piecesOf } from './node-calls.js';
import { refusal } from './refusal.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { SmallDisk } from './small-disk.js';
import { StorageState } from './storage-state.js';
import { TestNode } from './test-node.js';

const MiB = 1024 * 1024;
const diskBytes = 40 * MiB;

/** A way to store more than there is room for. */
interface Overflow {
  readonly name: string;
  readonly roomBytes: number;
  readonly store: (calls: NodeCalls, node: TestNode) => Promise<unknown>;
  /** The same, when there is room; resolves with the SHA-1s that must be there then. */
  readonly storeWithRoom: (calls: NodeCalls, node: TestNode) => Promise<readonly string[]>;
}

const large = new Seeded('a large content for a full disk').bytes(8 * MiB);
const small = new Seeded('a small content for a full disk').bytes(10_000);
const batch = Array.from({ length: 300 }, (_, number) => new Seeded(`a file of a batch for a full disk ${String(number)}`).bytes(8192));
const known = { sizeBytes: BigInt(large.byteLength), sha1: sha1Of(large) };
const uploadId = 'an-upload-for-a-full-disk';

/** A stream that never ends. */
function* endless(): Generator<Buffer, void, undefined> {
  for (;;) yield* piecesOf(large);
}

/** A client that waits for an answer before it sends anything. */
async function* nothing(): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.alloc(0);
  await new Promise(() => undefined);
}

async function sourceOf(node: TestNode, bytes: Buffer): Promise<string> {
  const path = join(node.dir, sha1Of(bytes));
  await writeFile(path, bytes);
  return path;
}

function local(bytes: Buffer, roomBytes: number): Overflow {
  const store = async (calls: NodeCalls, node: TestNode): Promise<readonly string[]> => [await calls.storeLocalFile(await sourceOf(node, bytes))];
  return { name: `a local file of ${String(bytes.byteLength)} bytes`, roomBytes, store, storeWithRoom: store };
}

const overflows: readonly Overflow[] = [
  local(large, MiB),
  local(small, 0),
  {
    name: 'a stream whose size is known is refused before its data is sent',
    roomBytes: MiB,
    store: (calls) => calls.storeStream(nothing(), known),
    storeWithRoom: async (calls) => [await calls.storeFile(large, known)],
  },
  {
    name: 'a stream of unknown size, in its middle',
    roomBytes: 3 * MiB,
    store: (calls) => calls.storeStream(endless()),
    storeWithRoom: async (calls) => [await calls.storeFile(large)],
  },
  {
    name: 'a small stream',
    roomBytes: 0,
    store: (calls) => calls.storeFile(small),
    storeWithRoom: async (calls) => [await calls.storeFile(small)],
  },
  {
    name: 'a resumable upload',
    roomBytes: MiB,
    store: (calls) => calls.storeStream(nothing(), { ...known, uploadId }),
    storeWithRoom: async (calls) => [await calls.storeResumable(large, uploadId)],
  },
  {
    name: 'a batch whose journal does not fit',
    roomBytes: MiB,
    store: (calls) => calls.storeFiles(batch),
    storeWithRoom: (calls) => calls.storeFiles(batch),
  },
  {
    name: 'a batch whose journal fits, but not its files',
    roomBytes: 3.5 * MiB,
    store: (calls) => calls.storeFiles(batch),
    storeWithRoom: (calls) => calls.storeFiles(batch),
  },
];

async function checkRefused(t: ExecutionContext, { name, store }: Overflow, calls: NodeCalls, node: TestNode): Promise<void> {
  const { reason, code, message } = await refusal(t, store(calls, node));
  t.is(reason, 'disk-full', name);
  t.is(code, status.RESOURCE_EXHAUSTED, name);
  t.true(message.includes(node.storageDir), name);
}

test.serial('on a full disk each way to store is refused, leaves nothing behind, and works again when there is room', async (t) => {
  const disk = await SmallDisk.mount(t, diskBytes);
  if (!disk) return;
  const node = await TestNode.create(t, { storageDir: disk.dir });
  const state = new StorageState(t, node.layout);
  const daemon = await node.start();
  const calls = await node.connect(daemon);
  const before = new Seeded('stored before').bytes(3 * MiB);
  await calls.storeFile(before);
  for (const overflow of overflows) {
    const { name } = overflow;
    await disk.fill(overflow.roomBytes);
    await checkRefused(t, overflow, calls, node);
    await state.check(name);
    t.deepEqual(await state.uploads(), [], name);
    t.deepEqual(await state.journals(), [], name);
    t.true(before.equals(await calls.readWhole(sha1Of(before))), `${name}: reading works`);
    await disk.free();
    const sha1s = await overflow.storeWithRoom(calls, node);
    t.deepEqual(await calls.missing(sha1s), [], name);
    for (const sha1 of sha1s) await calls.deleteFile(sha1);
  }
  t.deepEqual(await calls.verify(), []);
  t.true(daemon.isRunning);
  daemon.signal('SIGTERM');
  t.is(await daemon.end(), 0);
});

test.serial('a daemon does not start on a full disk, says so, and finds everything when there is room', async (t) => {
  const disk = await SmallDisk.mount(t, diskBytes);
  if (!disk) return;
  const node = await TestNode.create(t, { storageDir: disk.dir });
  const first = await node.start();
  const sha1s = await (await node.connect(first)).storeFiles(batch);
  await first.kill();
  await disk.fill(0);
  const second = node.spawn();
  t.is(await second.end(), 7);
  t.is(await second.ready, undefined);
  t.like(await second.failure(), { reason: 'disk-full' });
  await disk.free();
  const calls = await node.connect(await node.start());
  t.deepEqual(await calls.missing(sha1s), []);
  t.deepEqual(await calls.verify(), []);
});
