import { readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { type ContentId } from '../../../src/core/content-id.js';
import { KacheryError } from '../../../src/core/failure.js';
import { limits } from '../../../src/core/limits.js';
import { type LocalStorage } from '../../../src/storage/local-storage.js';
import { type ChunkLayout, chunksOf, isStandard, undividedLayout } from '../../../src/storage/partial/chunk-layout.js';
import { type PartialFile } from '../../../src/storage/partial/partial-files.js';
import { idOf, layoutEvery } from '../../support/content-of.js';
import { collect, generatedBytes, openStorage, temporaryFolder, temporaryStorage } from '../../support/temporary-storage.js';

const content = generatedBytes(1_000_000);
const id = idOf(content);
const chunkBytes = 150_000;
const layout = layoutEvery(content, chunkBytes);

async function writeChunk(partial: PartialFile, chunk: number, bytes: Buffer = content): Promise<boolean> {
  const { start, end } = partial.layout.chunks[chunk]!;
  await partial.write(start, Buffer.from(bytes.subarray(start, end)));
  partial.noteFilled({ start, end });
  return partial.verify(chunk);
}

function statesOf(partial: PartialFile): string {
  return partial.layout.chunks.map((_, chunk) => partial.stateOf(chunk)[0]).join('');
}

/** A storage with chunks of the content in it, opened again as after a restart. */
async function keptStorage(t: ExecutionContext, chunks: readonly number[]): Promise<LocalStorage> {
  const dir = await temporaryFolder(t);
  const first = await openStorage(t, dir);
  const partial = await first.partials.create(id, layout);
  for (const chunk of chunks) t.true(await writeChunk(partial, chunk));
  await first.close();
  return openStorage(t, dir);
}

function pathOf(storage: LocalStorage, of: ContentId, kind: 'part' | 'record'): string {
  return join(storage.dir, 'partial', `${of}.${kind}`);
}

async function reopen(t: ExecutionContext, storage: LocalStorage): Promise<PartialFile> {
  const partial = await storage.partials.open(id);
  t.truthy(partial);
  return partial!;
}

test('chunks that come in any order make a stored file, and nothing is left of the partial one', async (t) => {
  const storage = await temporaryStorage(t);
  const partial = await storage.partials.create(id, layout);
  partial.hashAlong();
  for (const chunk of [6, 2, 0, 1, 5, 3, 4]) t.true(await writeChunk(partial, chunk));
  t.is(partial.loadedBytes, content.byteLength);
  const outcome = await partial.finish();
  t.is(outcome.kind, 'stored');
  t.true(content.equals(await collect(storage.read(id))));
  t.deepEqual(await readdir(join(storage.dir, 'partial')), []);
  const { mode } = await stat((await storage.find(id))!.path);
  t.is(mode & 0o222, 0);
});

for (const [name, sizeBytes, cut] of [
  ['the standard manifest', 45_000_000, (bytes: Buffer) => layoutEvery(bytes, 20_000_000)],
  ['another manifest', 45_000_000, (bytes: Buffer) => layoutEvery(bytes, 7_000_000)],
  ['no manifest', 45_000_000, (bytes: Buffer) => undividedLayout(idOf(bytes), bytes.byteLength)],
] as const) {
  test(`a large content with ${name} is stored with the standard one`, async (t) => {
    const bytes = generatedBytes(sizeBytes);
    const cutSo: ChunkLayout = cut(bytes);
    const storage = await temporaryStorage(t);
    const partial = await storage.partials.create(idOf(bytes), cutSo);
    partial.hashAlong();
    for (const chunk of cutSo.chunks.keys()) t.true(await writeChunk(partial, chunk, bytes));
    const outcome = await partial.finish();
    const standard = layoutEvery(bytes, 20_000_000);
    t.like(outcome, { kind: 'stored', file: { sizeBytes, manifestId: standard.manifestId } });
    t.is((await storage.find(standard.manifestId!))?.id, standard.manifestId);
    t.is(isStandard(cutSo), cutSo.manifestId === standard.manifestId);
    t.true(bytes.equals(await collect(storage.read(idOf(bytes)))));
  });
}

test('a chunk of other bytes is not taken, its parts can be told apart, and it can be written again', async (t) => {
  const storage = await temporaryStorage(t);
  const partial = await storage.partials.create(id, layout);
  const { start, end } = layout.chunks[1]!;
  const wrong = Buffer.from(content.subarray(start, end));
  wrong[100_000]! ^= 1;
  await partial.write(start, Buffer.from(wrong));
  t.false(await partial.verify(1));
  t.is(partial.loadedBytes, 0);
  const [good, bad] = await partial.digestsOf([
    { start, end: start + 100_000 },
    { start: start + 100_000, end },
  ]);
  t.is(good, idOf(content.subarray(start, start + 100_000)));
  t.is(bad, idOf(wrong.subarray(100_000)));
  await t.throwsAsync(collect(partial.read({ start, end })), { instanceOf: KacheryError });
  t.true(await writeChunk(partial, 1));
  t.true(content.subarray(start, end).equals(await collect(partial.read({ start, end }))));
});

test('what is verified is kept over a restart, and believed when it was hashed again', async (t) => {
  const storage = await keptStorage(t, [1, 2, 5]);
  const partial = await reopen(t, storage);
  t.is(statesOf(partial), 'mkkmmkm');
  t.is(partial.loadedBytes, 450_000);
  await t.throwsAsync(collect(partial.read({ start: 150_000, end: 150_001 })), { instanceOf: KacheryError });
  t.true(await partial.verify(1));
  t.true(await partial.verify(2));
  const pieces = await collect(partial.read({ start: 160_000, end: 440_000 }, { headroomBytes: 20 }));
  t.true(content.subarray(160_000, 440_000).equals(pieces));
  await partial.close();
  const again = await reopen(t, storage);
  t.is(statesOf(again), 'mvvmmkm', 'what this process has verified is still known');
});

test('kept chunks that were damaged meanwhile are found, and only those', async (t) => {
  const storage = await keptStorage(t, [0, 1, 2, 3, 4, 5, 6]);
  const path = pathOf(storage, id, 'part');
  const damaged = await readFile(path);
  damaged[310_000]! ^= 4;
  await writeFile(path, damaged);
  const partial = await reopen(t, storage);
  partial.hashAlong();
  t.deepEqual(await partial.finish(), { kind: 'damaged' });
  t.is(statesOf(partial), 'vvmvvvv');
  t.true(await writeChunk(partial, 2));
  t.is((await partial.finish()).kind, 'stored');
  t.true(content.equals(await collect(storage.read(id))));
});

test('chunks that are right for another content do not make this one', async (t) => {
  const other = generatedBytes(1_000_001).subarray(1);
  const storage = await temporaryStorage(t);
  const partial = await storage.partials.create(id, layoutEvery(other, chunkBytes));
  for (const chunk of partial.layout.chunks.keys()) t.true(await writeChunk(partial, chunk, other));
  t.deepEqual(await partial.finish(), { kind: 'other-content' });
  await partial.discard();
  t.deepEqual(await readdir(join(storage.dir, 'partial')), []);
  t.is(await storage.partials.open(id), undefined);
  t.is(await storage.find(id), undefined);
});

test('a record that is cut off anywhere is believed as far as it goes', async (t) => {
  const storage = await keptStorage(t, [3, 0]);
  const path = pathOf(storage, id, 'record');
  const whole = await readFile(path);
  const headerBytes = whole.indexOf('\n') + 1;
  for (let length = whole.byteLength; length >= headerBytes; length -= 1) {
    await truncate(path, length);
    const partial = await reopen(t, storage);
    const lines = whole.subarray(headerBytes, length).toString().split('\n').slice(0, -1);
    const expected = layout.chunks.map((_, chunk) => (lines.includes(`v ${String(chunk)}`) ? 'k' : 'm')).join('');
    t.is(statesOf(partial), expected, `${String(length)} bytes`);
    t.is(partial.filled.length, Math.ceil(lines.length / 2) - lines.filter((line) => line.startsWith('v')).length);
    await partial.close();
  }
  await truncate(path, headerBytes - 1);
  t.is(await storage.partials.open(id), undefined, 'nothing is known without the first line');
  t.deepEqual(await readdir(join(storage.dir, 'partial')), []);
});

test('what was written and not verified is known after a restart', async (t) => {
  const dir = await temporaryFolder(t);
  const first = await openStorage(t, dir);
  const partial = await first.partials.create(id, layout);
  await partial.write(150_000, Buffer.from(content.subarray(150_000, 200_000)));
  partial.noteFilled({ start: 150_000, end: 200_000 });
  t.false(await writeChunk(partial, 4, generatedBytes(2_000_000).subarray(1_000_000)), 'of a chunk that was wrong nothing is known');
  await first.close();
  const second = await reopen(t, await openStorage(t, dir));
  t.deepEqual(second.filled, [{ start: 150_000, end: 200_000 }]);
  await second.write(200_000, Buffer.from(content.subarray(200_000, 300_000)));
  t.true(await second.verify(1));
});

test('a content without a manifest goes on where it was, too', async (t) => {
  const dir = await temporaryFolder(t);
  const first = await openStorage(t, dir);
  const partial = await first.partials.create(id, undividedLayout(id, content.byteLength));
  for (const [start, end] of [
    [600_000, 700_000],
    [0, 500_000],
  ] as const) {
    await partial.write(start, Buffer.from(content.subarray(start, end)));
    partial.noteFilled({ start, end });
  }
  await first.close();
  const storage = await openStorage(t, dir);
  const second = await reopen(t, storage);
  t.is(second.filled.length, 2);
  for (const [start, end] of [
    [500_000, 600_000],
    [700_000, 1_000_000],
  ] as const) {
    await second.write(start, Buffer.from(content.subarray(start, end)));
    second.noteFilled({ start, end });
  }
  t.true(await second.verify(0));
  t.is((await second.finish()).kind, 'stored');
});

test('of a content without a manifest that is begun anew nothing of before counts', async (t) => {
  const storage = await temporaryStorage(t);
  const partial = await storage.partials.create(id, undividedLayout(id, content.byteLength));
  const half = content.byteLength / 2;
  await partial.write(0, Buffer.alloc(half));
  partial.noteFilled({ start: 0, end: half });
  // Its hash has gone as far as that.
  await partial.digestsOf([{ start: 0, end: half }]);
  partial.restart(0);
  await partial.write(0, Buffer.from(content));
  partial.noteFilled({ start: 0, end: content.byteLength });
  t.true(await partial.verify(0));
  t.is((await partial.finish()).kind, 'stored');
});

test('what is old, half there or stored is removed at the start; usage counts the rest', async (t) => {
  const storage = await keptStorage(t, [1]);
  const usage = await storage.usage();
  t.is(usage.partialFiles, 1);
  t.true(usage.partialBytes >= chunkBytes && usage.partialBytes < content.byteLength);
  t.deepEqual(await storage.list(undefined, 10), []);
  t.is(await storage.find(id), undefined);
  t.is((await t.throwsAsync<KacheryError>(storage.delete(id), { instanceOf: KacheryError })).reason, 'file-not-found');
  const lone = idOf(Buffer.from('lone'));
  await writeFile(pathOf(storage, lone, 'part'), '');
  const stored = (await storage.storeSmallFiles([Buffer.from('stored')]))[0]!;
  if (stored instanceof KacheryError) throw stored;
  const whole = await storage.partials.create(stored.file.id, undividedLayout(stored.file.id, 6));
  await whole.close();
  await storage.close();
  const again = await openStorage(t, storage.dir);
  t.deepEqual((await readdir(join(again.dir, 'partial'))).sort(), [`${id}.part`, `${id}.record`]);
  await again.close();
  const old = new Date(Date.now() - limits.keptPartialMs - 60_000);
  await utimes(pathOf(storage, id, 'record'), old, old);
  await openStorage(t, storage.dir);
  t.deepEqual(await readdir(join(storage.dir, 'partial')), []);
});

test('the second user of a content waits for the first; closing in the middle of work ends it', async (t) => {
  const storage = await temporaryStorage(t);
  const partial = await storage.partials.create(id, layout);
  const events: string[] = [];
  const second = storage.partials.open(id).then((file) => {
    events.push('second');
    return file;
  });
  await partial.write(0, Buffer.from(content));
  const verifying = Promise.allSettled(layout.chunks.map((_, chunk) => partial.verify(chunk)));
  events.push('closing');
  await partial.close();
  await verifying;
  t.truthy(await second);
  t.deepEqual(events, ['closing', 'second']);
  await t.throwsAsync(partial.write(0, Buffer.from('x')), { instanceOf: KacheryError });
});

test('a range touches the chunks that it says', (t) => {
  t.deepEqual(chunksOf(layout, { start: 0, end: 1 }), { first: 0, last: 0 });
  t.deepEqual(chunksOf(layout, { start: 149_999, end: 150_001 }), { first: 0, last: 1 });
  t.deepEqual(chunksOf(layout, { start: 150_000, end: 300_000 }), { first: 1, last: 1 });
  t.deepEqual(chunksOf(layout, { start: 0, end: 1_000_000 }), { first: 0, last: 6 });
  t.deepEqual(chunksOf(layout, { start: 1_000_000, end: 1_000_000 }), { first: 6, last: 6 });
});
