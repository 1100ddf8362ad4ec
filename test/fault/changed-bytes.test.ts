import { chmod, open, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { parseContentId } from '../../src/core/content-id.js';
import { isSettled } from '../../src/storage/file-identity.js';
import { type NodeCalls } from './node-calls.js';
import { refusal } from './refusal.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { TestNode } from './test-node.js';
import { until } from './until.js';

/** What can happen to the bytes of a file. */
const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'one bit flipped': async (path) => {
    const file = await open(path, 'r+');
    try {
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, 1000);
      byte[0] = (byte[0] ?? 0) ^ 1;
      await file.write(byte, 0, 1, 1000);
    } finally {
      await file.close();
    }
  },
  truncated: (path) => truncate(path, 2000),
  emptied: (path) => truncate(path, 0),
  'grown by a byte': async (path) => truncate(path, (await stat(path)).size + 1),
};

/** A file that is read whole at once, one that is read in pieces, with each damage, and one with a manifest beside it. */
const cases = [
  ...Object.keys(damages).flatMap((damage) => [5_000, 3_000_000].map((sizeBytes) => ({ sizeBytes, damage }))),
  { sizeBytes: 20_500_000, damage: 'one bit flipped' },
];

/** How the same is stored once more. The source is unchanged and known to the daemon. */
const ways: Readonly<Record<string, (calls: NodeCalls, bytes: Buffer, source: string) => Promise<string>>> = {
  'as a local file': (calls, _bytes, source) => calls.storeLocalFile(source),
  'as a stream': (calls, bytes) => calls.storeFile(bytes, { sha1: sha1Of(bytes), sizeBytes: BigInt(bytes.byteLength) }),
};

interface Damaged {
  readonly name: string;
  readonly damage: string;
  readonly bytes: Buffer;
  readonly sha1: string;
  readonly source: string;
}

async function storeAndDamage(node: TestNode, calls: NodeCalls): Promise<Damaged[]> {
  const all = await Promise.all(cases.map((one) => writeSource(node, one)));
  for (const { damage, source } of all) {
    const path = node.layout.contentPath(parseContentId(await calls.storeLocalFile(source)));
    await chmod(path, 0o644);
    await damages[damage]?.(path);
  }
  return all;
}

/** A file that is old enough for the daemon to remember its content. */
async function writeSource(node: TestNode, { sizeBytes, damage }: (typeof cases)[number]): Promise<Damaged> {
  const name = `${String(sizeBytes)} bytes, ${damage}`;
  const bytes = new Seeded(name).bytes(sizeBytes);
  const source = join(node.dir, name.replaceAll(/\W+/g, '-'));
  await writeFile(source, bytes);
  await until('the clock goes on', async () => isSettled(await stat(source, { bigint: true }), Date.now()));
  return { name, damage, bytes, sha1: sha1Of(bytes), source };
}

async function checkRefused(t: ExecutionContext, calls: NodeCalls, damaged: readonly Damaged[]): Promise<void> {
  for (const { name, sha1 } of damaged) {
    const { reason, code, message } = await refusal(t, calls.readWhole(sha1));
    t.is(reason, 'content-corrupt', name);
    t.is(code, status.DATA_LOSS, name);
    t.true(message.includes('verify'), name);
  }
}

async function checkHealed(t: ExecutionContext, calls: NodeCalls, damaged: readonly Damaged[], way: keyof typeof ways): Promise<void> {
  for (const { name, bytes, sha1, source } of damaged) {
    t.is(await ways[way]?.(calls, bytes, source), sha1, name);
    t.true(bytes.equals(await calls.readWhole(sha1)), `${name}, stored again ${way}`);
  }
  t.deepEqual(await calls.verify(), []);
}

for (const way of Object.keys(ways)) {
  test.serial(`stored files whose bytes were changed are not served, also after a restart; stored again ${way} they are whole`, async (t) => {
    const node = await TestNode.create(t);
    const daemon = await node.start();
    const damaged = await storeAndDamage(node, await node.connect(daemon));
    await checkRefused(t, await node.connect(daemon), damaged);
    await daemon.kill();
    const calls = await node.connect(await node.start());
    await checkRefused(t, calls, damaged);

    const found = await calls.verify(true);
    t.deepEqual(found.map(({ sha1 }) => sha1).sort(), damaged.map(({ sha1 }) => sha1).sort());
    t.is((await readdir(node.layout.quarantineDir)).length, damaged.length);
    for (const { sha1, actualSha1, quarantinePath } of found) {
      t.not(actualSha1, sha1);
      t.true((await stat(quarantinePath)).isFile());
    }
    t.deepEqual(
      await calls.missing(damaged.map(({ sha1 }) => sha1)),
      damaged.map(({ sha1 }) => sha1),
    );
    await checkHealed(t, calls, damaged, way);
  });

  test.serial(`a stored file that was damaged is replaced when it is stored again ${way}`, async (t) => {
    const node = await TestNode.create(t);
    const calls = await node.connect(await node.start());
    const damaged = await storeAndDamage(node, calls);
    await checkHealed(t, calls, damaged, way);
  });
}

test.serial('a bad file that cannot be moved away is told as such', async (t) => {
  const node = await TestNode.create(t, { unprivileged: true });
  if (!node.isUnprivileged) {
    t.pass();
    return;
  }
  const calls = await node.connect(await node.start());
  const bytes = new Seeded('immovable').bytes(100);
  const path = node.layout.contentPath(parseContentId(await calls.storeFile(bytes)));
  await chmod(path, 0o644);
  await truncate(path, 1);
  await chmod(node.storageDir, 0o555);
  t.is((await refusal(t, calls.verify(true))).reason, 'storage-not-writable');
  t.is((await stat(path)).size, 1);
});
