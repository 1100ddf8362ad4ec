import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, open, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ExecutionContext, type TestFn } from 'ava';

import { type FailureReason, isKacheryError, type KacheryClient, type Progress } from '../../src/client/index.js';
import { publishedVectors, vectorBytes } from '../support/published-vectors.js';
import { sharedBefore } from '../support/suite-resources.js';

/** A client of one kind, and what a test must know of where it stores. */
export interface ClientUnderTest {
  readonly client: KacheryClient;
  /** Where the stored files are, as this test sees it. */
  readonly storageDir: string;
  /** Whether the client may link, delete and verify. */
  readonly isOwner: boolean;
}

const MiB = 1024 * 1024;

/** Nobody has this. */
const missingUri = `sha1://${'0123456789'.repeat(4)}/missing.dat`;

const malformedUris = [
  '',
  'x',
  'sha1://',
  `sha1://${'a'.repeat(39)}`,
  `sha1://${'a'.repeat(41)}`,
  `sha1://${'A'.repeat(40)}`,
  'sha1://../../etc/passwd',
  `sha1://${'a'.repeat(40)}/x?manifest=${'b'.repeat(40)}?manifest=${'b'.repeat(40)}`,
  `sha1://${'a'.repeat(40)}/${'x'.repeat(10_000)}`,
  `sha1dir://${'a'.repeat(40)}/../x`,
  `sha2://${'a'.repeat(40)}`,
  '/etc/passwd',
];

/** Registers the tests that every kind of client passes. `openClient` makes the client; it is shared by the tests and closed behind them. */
export function clientContract(test: TestFn, openClient: (t: ExecutionContext) => Promise<ClientUnderTest>): void {
  const shared = sharedBefore(test, async (t) => {
    const opened = await openClient(t);
    t.teardown(() => opened.client.close());
    return opened;
  });
  const client = (): KacheryClient => shared().client;

  for (const { text, uri } of publishedVectors.text) {
    test.serial(`text ${JSON.stringify(text)} has its published URI`, async (t) => {
      t.is(await client().storeText(text), uri);
      t.is(await client().loadText(uri), text);
    });
  }

  for (const { value, text, uri } of publishedVectors.json) {
    test.serial(`JSON ${text} has its published URI`, async (t) => {
      t.is(await client().storeJson(value), uri);
      t.is(await client().loadText(uri), text);
      t.deepEqual(await client().loadJson(uri), value);
    });
  }

  for (const { array, dtype, uri } of publishedVectors.npy) {
    test.serial(`a numpy array of ${dtype} has its published URI`, async (t) => {
      const stored = { type: 'int64', shape: [array.length, array[0]?.length ?? 0], data: BigInt64Array.from(array.flat().map(BigInt)) } as const;
      t.is(await client().storeNpy(stored), uri);
      t.deepEqual(await client().loadNpy(uri), { ...stored, isColumnMajor: false });
    });
  }

  for (const { gen, uri, manifest } of publishedVectors.files) {
    test.serial(`a file of ${String(gen)} bytes has its published URI, however it is stored`, async (t) => {
      const content = vectorBytes(gen);
      const label = uri.slice(48).replace(/\?.*/, '');
      const path = await fileOf(t, content, label);
      t.is(await client().storeFile(path), uri);
      t.is(await client().storeBytes(content, { label }), uri);
      t.is(await client().storeStream(inPieces(content, 700_001), { label }), uri);
      same(t, await readFile(await client().loadFile(uri)), content);
      const manifestSha1 = /manifest=(.*)/.exec(uri)?.[1];
      t.is(manifestSha1 && (await client().loadText(`sha1://${manifestSha1}`)), manifest);
    });
  }

  for (const { start, end, bytes } of publishedVectors.ranges.cases) {
    test.serial(`the range [${String(start)}, ${String(end)}) of ten bytes is ${bytes === undefined ? 'refused' : JSON.stringify(bytes)}`, async (t) => {
      const uri = await client().storeText(publishedVectors.ranges.content);
      const range = { start, ...(end === null ? {} : { end }) };
      const read = async (): Promise<string> => Buffer.from(await client().loadBytes(uri, range)).toString();
      const streamed = async (): Promise<string> => (await all(client().readFile(uri, range))).toString();
      if (bytes === undefined) {
        const reason = start < 0 || (end !== null && end < start) ? 'invalid-range' : 'range-beyond-end';
        await fails(t, read(), reason);
        await fails(t, streamed(), reason);
      } else {
        t.is(await read(), bytes);
        t.is(await streamed(), bytes);
      }
    });
  }

  test.serial('ranges of a large file are its bytes', async (t) => {
    const content = randomBytes(5 * MiB + 17);
    const uri = await client().storeBytes(content);
    for (const [start, end] of [
      [0, 1],
      [MiB - 1, MiB + 1],
      [3 * MiB, 5 * MiB],
      [5 * MiB, content.length],
      [content.length, content.length],
      [7, 7],
    ] as const) {
      same(t, await client().loadBytes(uri, { start, end }), content.subarray(start, end));
    }
    same(t, await client().loadBytes(uri, { start: 4 * MiB }), content.subarray(4 * MiB));
    await fails(t, client().loadBytes(uri, { end: content.length + 1 }), 'range-beyond-end');
    await fails(t, client().loadBytes(uri, { start: content.length + 1, end: content.length + 1 }), 'range-beyond-end');
  });

  test.serial('a label may be given, and only a plain one', async (t) => {
    const uri = await client().storeText('labelled', { label: 'Ünïcode name.txt' });
    t.true(uri.endsWith('/Ünïcode name.txt'));
    t.is(await client().loadText(uri), 'labelled');
    const path = await fileOf(t, Buffer.from('labelled'), 'own-name.bin');
    t.true((await client().storeFile(path)).endsWith('/own-name.bin'));
    t.true((await client().storeFile(path, { label: 'given.bin' })).endsWith('/given.bin'));
    for (const label of ['a/b', 'a?b', 'a#b', 'a\nb', 'x'.repeat(256)]) await fails(t, client().storeText('labelled', { label }), 'invalid-argument');
  });

  test.serial('a path that cannot be stored is refused for its reason', async (t) => {
    const folder = await folderOf(t);
    await fails(t, client().storeFile(join(folder, 'nowhere')), 'path-not-found');
    await fails(t, client().storeFile(folder), 'not-a-regular-file');
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await fails(t, client().storeFile(fifo), 'not-a-regular-file');
    const hidden = await fileOf(t, Buffer.from('hidden'), 'hidden');
    await chmod(hidden, 0);
    const isReadable = await access(hidden, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (isReadable) t.log('SKIPPED: a file that may not be read, since this user may read every file');
    else await fails(t, client().storeFile(hidden), 'path-not-permitted');
  });

  test.serial('a symbolic link stands for its file', async (t) => {
    const content = randomBytes(1000);
    const path = await fileOf(t, content, 'target');
    await symlink(path, `${path}.link`);
    t.is(await client().storeFile(`${path}.link`), `sha1://${sha1Of(content)}/target.link`);
  });

  test("a loaded file is read-only where it is, and a copy at dest is the caller's own", async (t) => {
    const folder = await folderOf(t);
    const content = randomBytes(3 * MiB);
    const uri = await client().storeBytes(content);
    const path = await client().loadFile(uri);
    t.is((await stat(path)).mode & 0o222, 0);
    const dest = join(folder, 'copy');
    await writeFile(dest, 'to be replaced');
    t.is(await client().loadFile(uri, { dest }), dest);
    same(t, await readFile(dest), content);
    await writeFile(dest, 'changed');
    same(t, await readFile(await client().loadFile(uri)), content);
    await fails(t, client().loadFile(uri, { dest: folder }), 'not-a-regular-file');
    await fails(t, client().loadFile(uri, { dest: join(folder, 'no', 'where') }), 'path-not-found');
  });

  test.serial('content that is not what is asked for is refused', async (t) => {
    const bytes = await client().storeBytes(Buffer.from([0xff, 0xfe, 0]));
    await fails(t, client().loadText(bytes), 'invalid-argument');
    await fails(t, client().loadJson(bytes), 'invalid-argument');
    await fails(t, client().loadNpy(bytes), 'invalid-argument');
    await fails(t, client().loadJson(await client().storeText('{')), 'invalid-argument');
    await fails(t, client().storeJson({ value: Number.NaN }), 'invalid-argument');
    await fails(t, client().storeText('half a pair: \ud800'), 'invalid-argument');
  });

  test.serial('a file that nobody has is not found', async (t) => {
    await fails(t, client().loadFile(missingUri), 'file-not-found');
    await fails(t, client().loadText(missingUri), 'file-not-found');
    await fails(t, client().loadBytes(missingUri, { start: 0, end: 0 }), 'file-not-found');
    await fails(t, client().loadBytes(missingUri, { start: 5, end: 6 }), 'file-not-found');
    await fails(t, all(client().readFile(missingUri)), 'file-not-found');
    await fails(t, all(client().loadFiles([missingUri])), 'file-not-found');
    await fails(t, client().stat(missingUri), 'file-not-found');
  });

  for (const uri of malformedUris) {
    test.serial(`${JSON.stringify(uri.slice(0, 80))} is refused as a URI`, async (t) => {
      await fails(t, client().loadFile(uri), 'invalid-uri');
      await fails(t, client().loadBytes(uri), 'invalid-uri');
      await fails(t, all(client().loadFiles([uri])), 'invalid-uri');
      await fails(t, client().stat(uri), 'invalid-uri');
      await fails(t, client().deleteFile(uri), 'invalid-uri');
    });
  }

  test.serial('a stream may come in pieces of any size, and what it fails with is passed on', async (t) => {
    const content = randomBytes(2 * MiB + 12_345);
    const uri = `sha1://${sha1Of(content)}/file.dat`;
    for (const pieceBytes of [77_777, MiB, content.length]) t.is(await client().storeStream(inPieces(content, pieceBytes)), uri);
    t.is(await client().storeStream(inPieces(Buffer.alloc(0), 1)), 'sha1://da39a3ee5e6b4b0d3255bfef95601890afd80709/file.dat');
    const failure = new Error('the source broke');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield randomBytes(MiB);
      throw failure;
    }
    t.is(await t.throwsAsync(client().storeStream(broken())), failure);
    await fails(t, client().storeStream(textStream() as unknown as AsyncIterable<Uint8Array>), 'invalid-argument');
  });

  test("bytes that were stored or read are the caller's to change", async (t) => {
    const content = randomBytes(2 * MiB);
    const original = Buffer.from(content);
    const uri = await client().storeBytes(content);
    content.fill(0);
    const pieces: Uint8Array[] = [];
    for await (const piece of client().readFile(uri)) pieces.push(piece);
    same(t, Buffer.concat(pieces), original);
    for (const piece of pieces) piece.fill(1);
    same(t, await client().loadBytes(uri), original);
  });

  test.serial('leaving a read early is fine', async (t) => {
    const content = randomBytes(20 * MiB);
    const uri = await client().storeBytes(content);
    for await (const piece of client().readFile(uri)) {
      same(t, piece, content.subarray(0, piece.length));
      break;
    }
    same(t, await client().loadBytes(uri, { start: 10, end: 20 }), content.subarray(10, 20));
  });

  test.serial('many small files are stored and loaded in order', async (t) => {
    const salt = randomBytes(8).toString('hex');
    const large = randomBytes(4 * MiB);
    const files = Array.from({ length: 1_200 }, (_, number) => ({ content: `${salt} ${String(number)}`, label: `${String(number)}.txt` }));
    const uris = await client().storeFiles([...files.slice(0, 600), { content: large }, ...files.slice(600)]);
    t.is(uris.length, 1_201);
    t.is(uris[0], `sha1://${sha1Of(`${salt} 0`)}/0.txt`);
    t.is(uris[600], `sha1://${sha1Of(large)}/file.dat`);
    const small = uris.toSpliced(600, 1);
    const loaded = await contentsOf(client().loadFiles(small));
    t.deepEqual(
      loaded,
      files.map(({ content }) => content),
    );
    t.deepEqual(await client().storeFiles([]), []);
    t.deepEqual(await contentsOf(client().loadFiles([])), []);
    await fails(t, all(client().loadFiles([String(small[0]), String(uris[600])])), 'too-large');
  });

  test.serial('a bad file of a batch fails it behind the good ones before it', async (t) => {
    const uri = await client().storeText('a good one');
    const loaded: string[] = [];
    const failing = (async () => {
      for await (const content of client().loadFiles([uri, missingUri, uri])) loaded.push(Buffer.from(content).toString());
    })();
    await fails(t, failing, 'file-not-found');
    t.deepEqual(loaded, ['a good one']);
    await fails(t, client().storeFiles([{ content: 'x' }, { content: 'y', label: 'a/b' }]), 'invalid-argument');
  });

  test.serial('what is cancelled ends as cancelled', async (t) => {
    const signal = AbortSignal.abort();
    await fails(t, client().storeText('cancelled', { signal }), 'cancelled');
    await fails(t, client().loadText(missingUri, { signal }), 'cancelled');
    await fails(t, client().loadFile(missingUri, { signal }), 'cancelled');
    const content = randomBytes(30 * MiB);
    const uri = await client().storeBytes(content);
    await fails(
      t,
      abortedOnProgress((options) => all(client().readFile(uri, options))),
      'cancelled',
    );
    await fails(
      t,
      abortedOnProgress((options) => client().storeStream(inPieces(content, MiB), options)),
      'cancelled',
    );
    const controller = new AbortController();
    const stuck = client().storeStream(
      neverEnding(() => {
        controller.abort();
      }),
      { signal: controller.signal },
    );
    await fails(t, stuck, 'cancelled');
    same(t, await client().loadBytes(uri, { start: 0, end: 4 }), content.subarray(0, 4));
  });

  test.serial('progress is told up to the end', async (t) => {
    const content = randomBytes(3 * MiB);
    const path = await fileOf(t, content, 'progress');
    const stored: Progress[] = [];
    const uri = await client().storeFile(path, { onProgress: (progress) => stored.push(progress) });
    t.is(stored.at(-1)?.doneBytes, content.length);
    const read: Progress[] = [];
    await all(client().readFile(uri, { start: MiB, onProgress: (progress) => read.push(progress) }));
    t.is(read.at(-1)?.doneBytes, 2 * MiB);
    t.is(read.at(-1)?.state, 'reading');
  });

  test.serial('a file in a stored directory is found by its path', async (t) => {
    const content = Buffer.from(`inside ${randomBytes(8).toString('hex')}`);
    const inside = await client().storeBytes(content);
    const entry = { size: content.length, sha1: sha1Of(content) };
    const listing = await client().storeJson({ files: { 'top.txt': entry }, dirs: { sub: { files: { 'deep.txt': entry }, dirs: {} } } });
    const directory = `sha1dir://${listing.slice(7, 47)}`;
    t.is(await client().loadText(`${directory}/top.txt`), content.toString());
    t.is(await client().loadText(`${directory}.name/sub/deep.txt`), content.toString());
    same(t, await readFile(await client().loadFile(`${directory}/sub/deep.txt`)), content);
    t.deepEqual(await contentsOf(client().loadFiles([`${directory}/top.txt`])), [content.toString()]);
    t.is((await client().stat(`${directory}/top.txt`)).sha1, inside.slice(7, 47));
    await fails(t, client().loadText(`${directory}/nowhere.txt`), 'file-not-found');
    await fails(t, client().loadText(`${directory}/sub`), 'file-not-found');
    await fails(t, client().loadText(`sha1dir://${missingUri.slice(7, 47)}/top.txt`), 'file-not-found');
  });

  test.serial('a chunk is read out of its file, if it is one', async (t) => {
    const content = randomBytes(2 * MiB);
    const parent = sha1Of(content);
    await client().storeBytes(content);
    const chunk = (start: number, end: number): string => `sha1://${sha1Of(content.subarray(start, end))}?chunkOf=${parent}~${String(start)}~${String(end)}`;
    same(t, await client().loadBytes(chunk(100, MiB)), content.subarray(100, MiB));
    same(t, await client().loadBytes(chunk(200, MiB), { start: 10, end: 20 }), content.subarray(210, 220));
    same(t, await readFile(await client().loadFile(chunk(300, 400))), content.subarray(300, 400));
    const wrong = `sha1://${sha1Of('other')}?chunkOf=${parent}~0~10`;
    await fails(t, client().loadBytes(wrong), 'content-corrupt');
    await fails(t, client().loadFile(wrong), 'content-corrupt');
  });

  test.serial('what is known of a file is told', async (t) => {
    const content = randomBytes(100);
    const uri = await client().storeBytes(content, { label: 'known.bin' });
    const info = await client().stat(uri);
    t.like(info, { uri, sha1: sha1Of(content), sizeBytes: 100, location: 'stored' });
    same(t, await readFile(join(shared().storageDir, 'sha1', info.sha1.slice(0, 2), info.sha1.slice(2, 4), info.sha1.slice(4, 6), info.sha1)), content);
  });

  test.serial('everything that is stored is listed in order, over several pages', async (t) => {
    const moreThanAPage = 1_100;
    const uris = await client().storeFiles(Array.from({ length: moreThanAPage }, () => ({ content: randomBytes(20) })));
    const listed: string[] = [];
    for await (const { sha1 } of client().listFiles()) listed.push(sha1);
    const found = new Set(listed);
    t.deepEqual(
      uris.filter((uri) => !found.has(uri.slice(7, 47))),
      [],
    );
    t.is(found.size, listed.length);
    t.deepEqual(listed, listed.toSorted());
  });

  test.serial('a file is deleted by who may', async (t) => {
    const uri = await client().storeBytes(randomBytes(1000));
    if (!shared().isOwner) {
      await fails(t, client().deleteFile(uri), 'owner-only');
      return;
    }
    t.is(await client().deleteFile(uri), 1000);
    await fails(t, client().deleteFile(uri), 'file-not-found');
    await fails(t, client().loadBytes(uri), 'file-not-found');
    await fails(t, client().loadFile(uri), 'file-not-found');
  });

  test.serial('a linked file is served while it does not change', async (t) => {
    const content = randomBytes(2 * MiB);
    const path = await fileOf(t, content, 'linked.bin');
    if (!shared().isOwner) {
      await fails(t, client().linkFile(path), 'owner-only');
      return;
    }
    const uri = await client().linkFile(path);
    t.is(uri, `sha1://${sha1Of(content)}/linked.bin`);
    t.is(await client().loadFile(uri), path);
    same(t, await client().loadBytes(uri), content);
    t.is((await client().stat(uri)).location, 'linked');
    await writeFile(path, randomBytes(2 * MiB));
    await utimes(path, 1, 1);
    await fails(t, client().loadFile(uri), 'content-corrupt');
    await fails(t, client().loadBytes(uri, { start: 0, end: 10 }), 'content-corrupt');
  });

  test.serial('a stored file whose bytes were changed on disk is not handed on, and is found', async (t) => {
    const uri = await client().storeBytes(randomBytes(1000));
    const sha1 = uri.slice(7, 47);
    const path = storedPath(shared().storageDir, sha1);
    await chmod(path, 0o644);
    await writeFile(path, randomBytes(1000));
    await fails(t, client().loadBytes(uri), 'content-corrupt');
    const good = await client().storeText('a good one before it');
    const loaded: string[] = [];
    const loading = (async () => {
      for await (const content of client().loadFiles([good, uri, good])) loaded.push(Buffer.from(content).toString());
    })();
    await fails(t, loading, 'content-corrupt');
    t.deepEqual(loaded, ['a good one before it']);
    if (!shared().isOwner) {
      await fails(t, all(client().verifyFiles({ uris: [uri] })), 'owner-only');
      return;
    }
    const events = [];
    for await (const event of client().verifyFiles({ uris: [uri], quarantine: true })) events.push(event);
    t.like(
      events.find(({ kind }) => kind === 'bad'),
      { sha1, path },
    );
    t.like(events.at(-1), { kind: 'progress', checkedFiles: 1, badFiles: 1 });
    await fails(t, client().loadBytes(uri), 'file-not-found');
  });

  const waysToStore: Readonly<Record<string, (content: Buffer, path: string) => Promise<string | undefined>>> = {
    'as a file': (_content, path) => client().storeFile(path),
    'as bytes': (content) => client().storeBytes(content, { label: 'same' }),
    'as a stream': (content) => client().storeStream(inPieces(content, 700_001), { label: 'same' }),
    'in a batch': async (content) => (await client().storeFiles([{ content, label: 'same' }]))[0],
  };
  for (const [way, store] of Object.entries(waysToStore)) {
    test.serial(`a damaged copy of the same size is replaced when it is stored again ${way}`, async (t) => {
      for (const sizeBytes of [1000, 600_000, 3 * MiB, 20_500_000]) {
        const content = randomBytes(sizeBytes);
        const path = await fileOf(t, content, 'same');
        const uri = await store(content, path);
        t.true(uri?.startsWith(`sha1://${sha1Of(content)}/same`));
        const stored = storedPath(shared().storageDir, sha1Of(content));
        await flipByte(stored, 500);
        t.is(await store(content, path), uri);
        same(t, await readFile(stored), content);
      }
    });
  }

  test.serial('the same content is stored by many at once', async (t) => {
    const content = randomBytes(3 * MiB);
    const path = await fileOf(t, content, 'same');
    const stored = await Promise.all(
      Array.from({ length: 12 }, (_, number) => (number % 2 ? client().storeFile(path) : client().storeBytes(content, { label: 'same' }))),
    );
    t.deepEqual([...new Set(stored)], [`sha1://${sha1Of(content)}/same`]);
    same(t, await readFile(await client().loadFile(String(stored[0]))), content);
  });

  test.serial('the room that is left is told', async (t) => {
    const { availableBytes, capacityBytes, uploads } = await client().getStorageUsage();
    t.true(availableBytes > 0 && capacityBytes >= availableBytes);
    t.is(typeof uploads, 'number');
  });
}

/** Checks that `work` fails with a KacheryError of this reason whose message tells something. */
export async function fails(t: ExecutionContext, work: Promise<unknown>, reason: FailureReason): Promise<void> {
  const error: unknown = await t.throwsAsync(work, { any: true });
  if (!isKacheryError(error)) t.log(error);
  t.is(isKacheryError(error) ? error.reason : String(error), reason, String(error));
  t.true(error instanceof Error && error.message.length > 10);
}

/** Checks that bytes are equal; `deepEqual` takes a second a megabyte. */
export function same(t: ExecutionContext, actual: Uint8Array, expected: Uint8Array): void {
  t.true(Buffer.compare(actual, expected) === 0, `${String(actual.length)} bytes, not the ${String(expected.length)} expected`);
}

/** The SHA-1 of content, as hexadecimal digits. */
export function sha1Of(content: Uint8Array | string): string {
  return createHash('sha1').update(content).digest('hex');
}

function storedPath(storageDir: string, sha1: string): string {
  return join(storageDir, 'sha1', sha1.slice(0, 2), sha1.slice(2, 4), sha1.slice(4, 6), sha1);
}

async function flipByte(path: string, offset: number): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await file.write(byte, 0, 1, offset);
  } finally {
    await file.close();
  }
}

/** All bytes that a stream of pieces brings; of a stream of anything else, as many bytes as it has items. */
async function all(pieces: AsyncIterable<unknown>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const piece of pieces) collected.push(piece instanceof Uint8Array ? piece : Buffer.alloc(1));
  return Buffer.concat(collected);
}

async function contentsOf(contents: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const content of contents) texts.push(Buffer.from(content).toString());
  return texts;
}

async function* inPieces(content: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.length; start += pieceBytes) yield content.subarray(start, start + pieceBytes);
}

async function* textStream(): AsyncGenerator<string> {
  yield 'text';
}

/** Brings something, then nothing any more, and never ends. */
async function* neverEnding(onStuck: () => void): AsyncGenerator<Uint8Array> {
  yield randomBytes(MiB);
  onStuck();
  await new Promise(() => undefined);
}

/** Aborts work when it tells its first progress. */
function abortedOnProgress<T>(work: (options: { signal: AbortSignal; onProgress: () => void }) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return work({
    signal: controller.signal,
    onProgress: () => {
      controller.abort();
    },
  });
}

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kachery-p2p-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function fileOf(t: ExecutionContext, content: Uint8Array, name: string): Promise<string> {
  const folder = await folderOf(t);
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
