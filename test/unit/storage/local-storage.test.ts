import { createHash } from 'node:crypto';
import { appendFile, chmod, mkdir, readdir, rename, stat, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { parseContentId } from '../../../src/core/content-id.js';
import { KacheryError } from '../../../src/core/failure.js';
import { parseManifest } from '../../../src/core/manifest.js';
import { encodeBatch } from '../../../src/storage/batch/batch-image.js';
import { type ContentIndex, type FileIdentity, type KnownContent } from '../../../src/storage/content-index.js';
import { StorageLayout } from '../../../src/storage/layout.js';
import { type LocalStorage } from '../../../src/storage/local-storage.js';
import { collect, generatedBytes, openStorage, temporaryFolder, temporaryStorage } from '../../support/temporary-storage.js';

const run = promisify(execFile);
const idOf = (bytes: Uint8Array) => parseContentId(createHash('sha1').update(bytes).digest('hex'));

function memoryIndex(): ContentIndex {
  const [contents, manifests, identities] = [new Map<FileIdentity, KnownContent>(), new Map<string, KnownContent['id']>(), new Map<string, FileIdentity>()];
  return {
    contentOf: (identity) => Promise.resolve(contents.get(identity)),
    rememberContent: (identity, content) => Promise.resolve(void contents.set(identity, content)),
    manifestOf: (id) => Promise.resolve(manifests.get(id)),
    rememberManifest: (id, manifestId) => Promise.resolve(void manifests.set(id, manifestId)),
    storedIdentityOf: (id) => Promise.resolve(identities.get(id)),
    rememberStoredIdentity: (id, identity) => Promise.resolve(void identities.set(id, identity)),
  };
}

async function send(storage: LocalStorage, bytes: Uint8Array, expected = {}, pieceBytes = 300_000) {
  const incoming = await storage.receive(expected);
  try {
    for (let from = 0; from < bytes.byteLength; from += pieceBytes) await incoming.write(Uint8Array.from(bytes.subarray(from, from + pieceBytes)));
    return await incoming.finish();
  } catch (error) {
    await incoming.abort();
    throw error;
  }
}

async function failure(t: ExecutionContext, work: Promise<unknown>): Promise<KacheryError> {
  return t.throwsAsync<KacheryError>(work, { instanceOf: KacheryError });
}

function same(t: ExecutionContext, actual: Uint8Array, expected: Uint8Array): void {
  t.is(Buffer.compare(actual, expected), 0, 'the bytes are the same');
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function leftovers(storage: LocalStorage): Promise<string[]> {
  const folders = ['tmp', 'uploads', 'journal'];
  return (await Promise.all(folders.map((folder) => readdir(join(storage.dir, folder))))).flat();
}

for (const sizeBytes of [0, 1, 4096, 262_144, 262_145, 1_048_576, 1_048_577, 3_000_000, 20_000_000, 20_000_001, 45_000_000]) {
  test(`content of ${String(sizeBytes)} bytes comes back as it was, sent, copied and read in parts`, async (t) => {
    const storage = await temporaryStorage(t);
    const bytes = generatedBytes(sizeBytes);
    const id = idOf(bytes);
    const sent = await send(storage, bytes);
    t.is(sent.file.id, id);
    t.false(sent.alreadyStored);
    same(t, await collect(storage.read(id)), bytes);
    t.is((await stat(sent.file.path)).mode & 0o222, 0, 'stored files are read-only');

    const path = join(await temporaryFolder(t), 'source');
    await writeFile(path, bytes);
    const again = await storage.storeLocalFile(path);
    t.true(again.alreadyStored);
    t.is(again.file.manifestId, sent.file.manifestId);
    t.is(sent.file.manifestId !== undefined, sizeBytes > 20_000_000);
    if (sent.file.manifestId) {
      const manifest = parseManifest((await storage.readWhole(sent.file.manifestId, 1_000_000)).toString(), id);
      for (const { start, end, sha1 } of manifest.chunks) t.is(idOf(bytes.subarray(start, end)), sha1);
    }
    for (const [start, end] of [
      [0, sizeBytes],
      [sizeBytes >> 1, sizeBytes],
      [sizeBytes >> 2, (sizeBytes >> 2) + Math.min(sizeBytes >> 2, 5)],
      [sizeBytes, sizeBytes],
    ] as const) {
      same(t, await collect(storage.read(id, { start, end, headroomBytes: 16 })), bytes.subarray(start, end));
    }
    t.deepEqual(await leftovers(storage), []);
  });
}

test('a range that cannot be is refused before any byte', async (t) => {
  const storage = await temporaryStorage(t);
  const { file } = await send(storage, Buffer.from('0123456789'));
  for (const [start, end] of [
    [9, 11],
    [11, 11],
    [0, 11],
  ] as const)
    t.is((await failure(t, collect(storage.read(file.id, { start, end })))).reason, 'range-beyond-end');
  for (const [start, end] of [
    [-1, 2],
    [5, 2],
    [0.5, 2],
  ] as const)
    t.is((await failure(t, collect(storage.read(file.id, { start, end })))).reason, 'invalid-range');
  t.is((await failure(t, collect(storage.read(idOf(Buffer.from('x')))))).reason, 'file-not-found');
});

test('data of another size or hash than was claimed is refused and leaves nothing', async (t) => {
  const storage = await temporaryStorage(t);
  for (const sizeBytes of [10, 3_000_000]) {
    const bytes = generatedBytes(sizeBytes);
    t.is((await failure(t, send(storage, bytes, { sizeBytes: sizeBytes - 1 }))).reason, 'size-mismatch');
    t.is((await failure(t, send(storage, bytes, { sizeBytes: sizeBytes + 1 }))).reason, 'size-mismatch');
    t.is((await failure(t, send(storage, bytes, { id: idOf(Buffer.from('other')) }))).reason, 'hash-mismatch');
  }
  const started = await storage.receive({ sizeBytes: 10 });
  await t.throwsAsync(started.write(generatedBytes(1_000_000)), { instanceOf: KacheryError });
  await started.abort();
  t.deepEqual(await leftovers(storage), []);
  t.deepEqual(await storage.list(undefined, 10), []);
});

test('what is aborted leaves nothing and does not wait', async (t) => {
  const storage = await temporaryStorage(t);
  const incoming = await storage.receive({});
  const pending = Array.from({ length: 40 }, () => incoming.write(new Uint8Array(1_000_000)));
  const settled = Promise.allSettled(pending);
  await incoming.abort();
  await settled;
  t.deepEqual(await leftovers(storage), []);
  const path = join(await temporaryFolder(t), 'source');
  await writeFile(path, generatedBytes(30_000_000));
  const abort = new AbortController();
  const error = await failure(
    t,
    storage.storeLocalFile(path, {
      signal: abort.signal,
      onProgress: () => {
        abort.abort();
      },
    }),
  );
  t.is(error.reason, 'cancelled');
  t.deepEqual(await leftovers(storage), []);
  t.false((await storage.storeLocalFile(path)).alreadyStored);
});

test('64 writers of the same content share one file', async (t) => {
  const storage = await temporaryStorage(t);
  const bytes = generatedBytes(500_000);
  const results = await Promise.all(Array.from({ length: 64 }, () => send(storage, bytes, { id: idOf(bytes), sizeBytes: bytes.byteLength }, 100_000)));
  t.true(results.every(({ file }) => file.id === idOf(bytes)));
  t.is((await storage.list(undefined, 10)).length, 1);
  same(t, await collect(storage.read(idOf(bytes))), bytes);
  t.deepEqual(await leftovers(storage), []);
});

test('only readable regular files are stored', async (t) => {
  const storage = await temporaryStorage(t);
  const folder = await temporaryFolder(t);
  await run('mkfifo', [join(folder, 'fifo')]);
  t.is((await failure(t, storage.storeLocalFile(join(folder, 'fifo')))).reason, 'not-a-regular-file');
  t.is((await failure(t, storage.storeLocalFile(folder))).reason, 'not-a-regular-file');
  t.is((await failure(t, storage.storeLocalFile('/dev/null'))).reason, 'not-a-regular-file');
  t.is((await failure(t, storage.storeLocalFile(join(folder, 'absent')))).reason, 'path-not-found');
  t.is((await failure(t, storage.storeLocalFile('relative'))).reason, 'invalid-argument');
  t.is((await failure(t, storage.storeLocalFile('/nul\0byte'))).reason, 'invalid-argument');
});

test('a file that grows or shrinks while it is stored is refused', async (t) => {
  const storage = await temporaryStorage(t);
  const path = join(await temporaryFolder(t), 'source');
  const changes = [() => appendFile(path, 'more'), () => truncate(path, 1_000_000)];
  for (const change of changes) {
    await writeFile(path, generatedBytes(60_000_000));
    let changed: Promise<void> | undefined;
    const onProgress = (): void => {
      changed ??= change();
    };
    t.is((await failure(t, storage.storeLocalFile(path, { onProgress }))).reason, 'file-changed');
    await changed;
  }
  t.deepEqual(await leftovers(storage), []);
});

test('storing an unchanged file again reads nothing of it; a changed one is read', async (t) => {
  const index = memoryIndex();
  const storage = await temporaryStorage(t, { index });
  const path = join(await temporaryFolder(t), 'source');
  await writeFile(path, generatedBytes(21_000_000));
  await utimes(path, 1, 1);
  const clock = { now: () => Date.now() + 10_000 };
  const patient = await openStorage(t, storage.dir, { index, clock });
  const first = await patient.storeLocalFile(path);
  let isRead = false;
  const again = await patient.storeLocalFile(path, {
    onProgress: () => {
      isRead = true;
    },
  });
  t.deepEqual(again, { file: first.file, alreadyStored: true });
  t.false(isRead);
  await appendFile(path, 'x');
  t.not((await patient.storeLocalFile(path)).file.id, first.file.id);
});

test('a linked file is served while it is unchanged, and refused afterwards', async (t) => {
  const storage = await temporaryStorage(t);
  const path = join(await temporaryFolder(t), 'source');
  const bytes = generatedBytes(21_000_000);
  await writeFile(path, bytes);
  const linked = await storage.linkFile(path);
  t.is(linked.location, 'linked');
  t.deepEqual(await storage.find(linked.id), linked);
  same(t, await collect(storage.read(linked.id, { start: 20_999_990 })), bytes.subarray(20_999_990));
  t.deepEqual((await storage.list(undefined, 10)).map((file) => file.location).sort(), ['linked', 'stored']);
  await appendFile(path, 'x');
  t.is((await failure(t, storage.find(linked.id))).reason, 'content-corrupt');
  t.is((await failure(t, collect(storage.read(linked.id)))).reason, 'content-corrupt');
  t.is((await storage.missing([linked.id])).length, 1);
  t.is(await storage.delete(linked.id), 0);
  t.is(await storage.find(linked.id), undefined);
  t.true((await stat(path)).isFile());
});

test('link records of kachery-p2p 0.8 are read, in both spellings', async (t) => {
  const storage = await temporaryStorage(t);
  const path = join(await temporaryFolder(t), 'source');
  for (const key of ['manifestSha1', 'manifest_hash']) {
    const bytes = Buffer.from(`content for ${key}`);
    await writeFile(path, bytes);
    const { mtime } = JSON.parse(
      (await run('python3', ['-c', `import json,os;print(json.dumps({"mtime":os.stat(${JSON.stringify(path)}).st_mtime}))`])).stdout,
    ) as { mtime: number };
    const id = idOf(bytes);
    const folder = join(storage.dir, 'sha1', id.slice(0, 2), id.slice(2, 4), id.slice(4, 6));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${id}.link`), JSON.stringify({ path, [key]: null, stat: { size: bytes.byteLength, mtime } }));
    same(t, await collect(storage.read(id)), bytes);
  }
});

test('an interrupted upload goes on, also after a restart, and another file cannot take its place', async (t) => {
  const dir = await temporaryFolder(t);
  const bytes = generatedBytes(21_000_000);
  const expected = { id: idOf(bytes), sizeBytes: bytes.byteLength };
  const uploadId = 'an-upload-of-mine-1';
  const first = await openStorage(t, dir);
  const incoming = await first.receiveUpload(uploadId, expected, 0);
  t.is((await failure(t, first.receiveUpload(uploadId, expected, 0))).reason, 'too-busy');
  await incoming.write(Uint8Array.from(bytes.subarray(0, 20_500_000)));
  await incoming.abort();
  await first.close();

  const storage = await openStorage(t, dir);
  const kept = await storage.keptUpload(uploadId);
  t.deepEqual(kept, { id: uploadId, committedBytes: 20_500_000, sizeBytes: bytes.byteLength, contentId: expected.id });
  t.is((await storage.usage()).uploadBytes, 20_500_000);
  const mismatch = await failure(t, storage.receiveUpload(uploadId, expected, 7));
  t.is(mismatch.reason, 'upload-offset-mismatch');
  t.is(mismatch.details['committed_size'], '20500000');
  t.is((await failure(t, storage.receiveUpload(uploadId, { ...expected, sizeBytes: 21_000_001 }, 20_500_000))).reason, 'upload-offset-mismatch');
  t.is((await failure(t, storage.receiveUpload('short', expected, 0))).reason, 'invalid-argument');
  const rest = await storage.receiveUpload(uploadId, expected, 20_500_000);
  await rest.write(Uint8Array.from(bytes.subarray(20_500_000)));
  const { file } = await rest.finish();
  t.is(file.id, expected.id);
  t.truthy(file.manifestId);
  t.is((await stat(file.path)).mode & 0o222, 0);
  t.is(await storage.keptUpload(uploadId), undefined);
  t.deepEqual(await leftovers(storage), []);
});

test('an upload whose kept bytes were damaged is refused as a whole', async (t) => {
  const storage = await temporaryStorage(t);
  const bytes = generatedBytes(2_000_000);
  const expected = { id: idOf(bytes), sizeBytes: bytes.byteLength };
  const incoming = await storage.receiveUpload('an-upload-of-mine-2', expected, 0);
  await incoming.write(Uint8Array.from(bytes.subarray(0, 1_000_000)));
  await incoming.abort();
  await writeFile(join(storage.dir, 'uploads', 'an-upload-of-mine-2.part'), Buffer.alloc(1_000_000));
  const rest = await storage.receiveUpload('an-upload-of-mine-2', expected, 1_000_000);
  await rest.write(Uint8Array.from(bytes.subarray(1_000_000)));
  t.is((await failure(t, rest.finish())).reason, 'hash-mismatch');
  t.deepEqual(await leftovers(storage), []);
  t.is(await storage.find(expected.id), undefined);
});

test('uploads that are too old are removed', async (t) => {
  let now = Date.now();
  const storage = await temporaryStorage(t, { clock: { now: () => now } });
  const expected = { id: idOf(Buffer.from('abc')), sizeBytes: 3 };
  const incoming = await storage.receiveUpload('an-upload-of-mine-3', expected, 0);
  await incoming.abort();
  now += 25 * 60 * 60 * 1000;
  await (await storage.receiveUpload('an-upload-of-mine-4', expected, 0)).abort();
  t.is(await storage.keptUpload('an-upload-of-mine-3'), undefined);
});

test('a batch of small files is stored, known contents and repeated ones included', async (t) => {
  const storage = await temporaryStorage(t);
  const contents = Array.from({ length: 500 }, (_, number) => Buffer.from(`small file ${String(number % 490)}`));
  await send(storage, contents[3] ?? Buffer.alloc(0));
  const results = await storage.storeSmallFiles([...contents, Buffer.alloc(0)]);
  t.is(results.length, 501);
  for (const [number, result] of results.entries()) {
    if (result instanceof KacheryError) throw result;
    t.is(result.file.id, idOf(contents[number] ?? Buffer.alloc(0)));
    same(t, await storage.readWhole(result.file.id, 100), contents[number] ?? Buffer.alloc(0));
  }
  t.true(results[3] && 'alreadyStored' in results[3] && results[3].alreadyStored);
  t.is((await storage.list(undefined, 1000)).length, 491);
});

test('after a crash a batch that was acknowledged is made whole from its journal', async (t) => {
  const dir = await temporaryFolder(t);
  const contents = ['whole', 'empty', 'torn', 'gone'].map((text) => Buffer.from(text));
  const before = await openStorage(t, dir);
  await before.storeSmallFiles(contents);
  await before.close();
  // A crash before the files themselves reached the disk.
  const [, empty, torn, gone] = contents.map((bytes) => new StorageLayout(dir).contentPath(idOf(bytes)));
  for (const path of [empty, torn]) await chmod(path ?? '', 0o644);
  await truncate(empty ?? '', 0);
  await writeFile(torn ?? '', 't?rn');
  await unlink(gone ?? '');
  await writeFile(join(dir, 'journal', 'left.batch'), encodeBatch(contents.map((bytes) => ({ sha1: idOf(bytes), bytes }))));

  const after = await openStorage(t, dir);
  for (const bytes of contents) same(t, await after.readWhole(idOf(bytes), 100), bytes);
  t.deepEqual(await leftovers(after), []);
});

test('a journal that was cut off before it was acknowledged is used as far as it is whole', async (t) => {
  const dir = await temporaryFolder(t);
  await (await openStorage(t, dir)).close();
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  const image = encodeBatch([first, second].map((bytes) => ({ sha1: idOf(bytes), bytes })));
  await writeFile(join(dir, 'journal', 'left.batch'), image.subarray(0, -3));
  const after = await openStorage(t, dir);
  same(t, await after.readWhole(idOf(first), 100), first);
  t.is(await after.find(idOf(second)), undefined);
  t.deepEqual(await leftovers(after), []);
});

test('where the index lost a manifest, it is found when the file is checked again', async (t) => {
  const dir = await temporaryFolder(t);
  const bytes = generatedBytes(20_000_001);
  const first = await openStorage(t, dir, { index: memoryIndex() });
  const { file } = await send(first, bytes);
  t.truthy(file.manifestId);
  await first.close();
  const storage = await openStorage(t, dir, { index: memoryIndex() });
  t.is((await storage.find(file.id))?.manifestId, undefined);
  t.deepEqual(await storage.findIntact(file.id), file);
  t.deepEqual(await storage.find(file.id), file);
});

test('listing goes through all pages in order', async (t) => {
  const storage = await temporaryStorage(t);
  const ids: string[] = [];
  for (const result of await storage.storeSmallFiles(Array.from({ length: 60 }, (_, n) => Buffer.from(String(n)))))
    if (!(result instanceof KacheryError)) ids.push(result.file.id);
  const listed: string[] = [];
  for (let page = await storage.list(undefined, 7); page.length > 0; page = await storage.list(page.at(-1)?.id, 7)) listed.push(...page.map((file) => file.id));
  t.deepEqual(listed, ids.sort());
});

test('bytes that were changed on disk are not served, and verification finds and moves them', async (t) => {
  const storage = await temporaryStorage(t, { index: memoryIndex() });
  const [small, large, good] = [Buffer.from('small content'), generatedBytes(2_000_000), Buffer.from('good content')];
  for (const bytes of [small, large]) {
    const { file } = await send(storage, bytes);
    await chmod(file.path, 0o644);
    const flipped = Uint8Array.from(bytes);
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    await writeFile(file.path, flipped);
    t.is((await failure(t, collect(storage.read(file.id, { start: 1, end: 2 })))).reason, 'content-corrupt');
  }
  await send(storage, good);
  const events = await gather(storage.verify(undefined, { quarantine: true }));
  const bad = events.filter((event) => event.kind === 'bad');
  t.deepEqual(bad.map((event) => event.id).sort(), [idOf(small), idOf(large)].sort());
  t.deepEqual(events.at(-1), { kind: 'progress', checkedFiles: 3, checkedBytes: small.byteLength + large.byteLength + good.byteLength, badFiles: 2 });
  t.is((await readdir(join(storage.dir, 'quarantine'))).length, 2);
  t.is(await storage.find(idOf(small)), undefined);
  await send(storage, small);
  same(t, await collect(storage.read(idOf(small))), small);
  t.is((await failure(t, gather(storage.verify([idOf(Buffer.from('absent'))], { quarantine: false })))).reason, 'file-not-found');
});

test('opening removes what a dead daemon left and keeps what others still use', async (t) => {
  const dir = await temporaryFolder(t);
  await (await openStorage(t, dir)).close();
  const [dead, alive, old] = ['daemon.dead.tmp', 'offline.alive.tmp', 'offline.old.tmp'];
  for (const name of [dead, alive, old]) await writeFile(join(dir, 'tmp', name), 'half');
  await utimes(join(dir, 'tmp', old), 1, 1);
  await openStorage(t, dir, { role: 'offline' });
  t.deepEqual((await readdir(join(dir, 'tmp'))).sort(), [dead, alive].sort());
  await openStorage(t, dir);
  t.deepEqual(await readdir(join(dir, 'tmp')), [alive]);
});

test('a storage directory that is not there is named', async (t) => {
  const error = await failure(t, openStorage(t, join(await temporaryFolder(t), 'absent')));
  t.is(error.reason, 'path-not-found');
  t.regex(error.message, /mkdir/);
});

test('a file that is replaced while it is checked is read as it is then, not as it was', async (t) => {
  const bytes = generatedBytes(2_000_000);
  const dir = await temporaryFolder(t);
  const index = memoryIndex();
  let replace: (() => Promise<void>) | undefined;
  const storage = await openStorage(t, dir, {
    index: {
      ...index,
      // Asked between the opening of the file and the check of what is in its place.
      storedIdentityOf: async (id) => {
        const once = replace;
        replace = undefined;
        await once?.();
        return index.storedIdentityOf(id);
      },
    },
  });
  const { file } = await send(storage, bytes);
  const damaged = Buffer.from(bytes);
  damaged[1_500_000] = (damaged[1_500_000] ?? 0) ^ 1;
  await unlink(file.path);
  await writeFile(file.path, damaged);
  replace = async () => {
    const good = join(dir, 'good');
    await writeFile(good, bytes);
    await rename(good, file.path);
  };
  same(t, await collect(storage.read(file.id)), bytes);
});

for (const sizeBytes of [5_000, 2_000_000, 20_500_000]) {
  test(`a file of ${String(sizeBytes)} bytes that is linked over a damaged copy can be read`, async (t) => {
    const bytes = generatedBytes(sizeBytes);
    const storage = await temporaryStorage(t, { index: memoryIndex() });
    const { file } = await send(storage, bytes);
    await chmod(file.path, 0o644);
    await appendFile(file.path, 'x');
    const path = join(await temporaryFolder(t), 'source');
    await writeFile(path, bytes);
    t.is((await storage.linkFile(path)).id, file.id);
    same(t, await collect(storage.read(file.id)), bytes);
    t.deepEqual(await storage.missing([file.id]), []);
  });
}

test('many files are found and read at once, in order, each by itself if something is wrong with it', async (t) => {
  const storage = await temporaryStorage(t);
  const small = Array.from({ length: 300 }, (_, number) => Buffer.from(`small ${String(number)}`));
  await storage.storeSmallFiles([...small, Buffer.alloc(0)]);
  const large = (await send(storage, generatedBytes(1_048_577))).file;
  const linkedPath = join(await temporaryFolder(t), 'linked');
  await writeFile(linkedPath, 'linked');
  const linked = await storage.linkFile(linkedPath);
  const [damaged, pipe, missing] = ['damaged', 'a pipe', 'nobody has it'].map((text) => idOf(Buffer.from(text)));
  await storage.storeSmallFiles([Buffer.from('damaged'), Buffer.from('a pipe')]);
  const layout = new StorageLayout(storage.dir);
  await chmod(layout.contentPath(damaged!), 0o644);
  await writeFile(layout.contentPath(damaged!), 'DAMAGED');
  await unlink(layout.contentPath(pipe!));
  await run('mkfifo', [layout.contentPath(pipe!)]);

  const ids = [missing!, ...small.map(idOf), damaged!, large.id, linked.id, pipe!, idOf(Buffer.alloc(0))];
  const found = await storage.findMany(ids);
  t.deepEqual(
    found.map((file) => file?.sizeBytes),
    [undefined, ...small.map(({ byteLength }) => byteLength), 7, 1_048_577, 6, undefined, 0],
  );
  t.is(found.find((file) => file?.id === large.id)?.manifestId, large.manifestId);
  const outcomes = (await gather(storage.readMany(ids))).map((outcome) => (outcome instanceof KacheryError ? outcome.reason : outcome?.toString()));
  t.deepEqual(outcomes, [undefined, ...small.map(String), 'content-corrupt', 'too-large', 'linked', undefined, '']);

  const abort = new AbortController();
  abort.abort();
  t.is((await failure(t, storage.findMany(ids, { signal: abort.signal }))).reason, 'cancelled');
  t.is((await failure(t, gather(storage.readMany(ids, { signal: abort.signal })))).reason, 'cancelled');
});

test('files of more bytes than are read at once are all read', async (t) => {
  const storage = await temporaryStorage(t);
  const contents = Array.from({ length: 5 }, (_, number) => Buffer.alloc(900_000, number + 1));
  for (const content of contents) await storage.storeSmallFiles([content]);
  const read = await gather(storage.readMany(contents.map(idOf)));
  t.is(read.length, 5);
  for (const [position, content] of contents.entries()) same(t, read[position] as Buffer, content);
});
