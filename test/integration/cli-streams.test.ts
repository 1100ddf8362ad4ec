import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

import test, { type ExecutionContext } from 'ava';

import { CommandLineUser, endOf } from '../support/command-line.js';
import { generatedBytes } from '../support/temporary-storage.js';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const sha1 = (content: Uint8Array): string => createHash('sha1').update(content).digest('hex');

/** The bytes that the published vectors speak of: the first ones of the concatenation of SHA-256(k) for k = 0, 1, 2, ... in decimal. */
function vectorBytes(sizeBytes: number): Buffer {
  const content = Buffer.alloc(sizeBytes);
  for (let offset = 0, index = 0; offset < sizeBytes; offset += 32, index += 1) {
    createHash('sha256').update(String(index)).digest().copy(content, offset);
  }
  return content;
}

/** Everything under a directory that is not part of an empty store, as relative paths. */
async function leftovers(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !/kachery-node-id|client-auth/.test(entry.name) && !entry.parentPath.includes('index'))
    .map(({ name }) => name);
}

const createUser = {
  online: async (t: ExecutionContext): Promise<CommandLineUser> => {
    const user = await CommandLineUser.create(t);
    await user.startDaemon();
    return user;
  },
  offline: async (t: ExecutionContext): Promise<CommandLineUser> => {
    const user = await CommandLineUser.create(t);
    user.goOffline();
    return user;
  },
} as const;

interface Vectors {
  readonly text: readonly { readonly text: string; readonly uri: string }[];
  readonly files: readonly { readonly gen: number; readonly uri: string }[];
  readonly ranges: {
    readonly content: string;
    readonly cases: readonly { readonly start: number; readonly end: number | null; readonly bytes?: string; readonly error?: boolean }[];
  };
}

test('the published URIs and ranges come out', async (t) => {
  const vectors = JSON.parse(await readFile('test/vectors/uris.json', 'utf8')) as Vectors;
  const user = await createUser.offline(t);
  for (const { text, uri } of vectors.text) {
    t.like(await user.run(['store', '-', '--label', 'file.txt'], { input: text }), { code: 0, stdout: `${uri}\n` });
  }
  const content = vectorBytes(Math.max(...vectors.files.map(({ gen }) => gen)));
  for (const { gen } of vectors.files) await writeFile(join(user.dir, `v${String(gen)}.bin`), content.subarray(0, gen));
  const stored = await user.run(['store', ...vectors.files.map(({ gen }) => `v${String(gen)}.bin`)]);
  t.is(stored.stdout, vectors.files.map(({ uri }) => `${uri}\n`).join(''));
  const { stdout } = await user.run(['store', '-'], { input: vectors.ranges.content });
  for (const { start, end, bytes, error } of vectors.ranges.cases) {
    const read = await user.run(['cat', stdout.trimEnd(), '--start', String(start), ...(end === null ? [] : ['--end', String(end)])]);
    if (error === true) t.true([2, 10].includes(read.code ?? 0), `${String(start)} ${String(end)}`);
    else t.like(read, { code: 0, stdout: bytes });
  }
});

for (const [mode, create] of Object.entries(createUser)) {
  test(`${mode}: cat ends quietly when its reader goes away`, async (t) => {
    const user = await create(t);
    const content = generatedBytes(30 * MiB);
    const uri = (await user.run(['store', '-'], { input: content })).stdout.trimEnd();
    const child = user.spawn(['cat', uri]);
    const stderr: Buffer[] = [];
    child.stderr.on('data', (data: Buffer) => stderr.push(data));
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    t.true(first.equals(content.subarray(0, first.length)));
    child.stdout.destroy();
    t.is(await exitCode(child), 0);
    t.is(Buffer.concat(stderr).toString(), '');
  });

  test(`${mode}: ls ends quietly when its reader goes away`, async (t) => {
    const user = await create(t);
    for (const input of ['one', 'two', 'three']) await user.run(['store', '-'], { input });
    const child = user.spawn(['ls']);
    child.stdout.destroy();
    t.like(await closedEnd(child), { code: 0, stderr: '' });
    const main = join(process.cwd(), 'dist/programs/cli/main.js');
    const piped = `set -o pipefail; '${process.execPath}' '${main}' ls --json | head -n 1`;
    const { stdout, stderr } = await run('bash', ['-c', piped], { env: user.environment });
    t.is(stdout.split('\n').length, 2);
    t.is(stderr, '');
  });

  test(`${mode}: a store that could not be finished since nobody reads its results says so`, async (t) => {
    const user = await create(t);
    await writeFile(join(user.dir, 'first.txt'), 'first');
    const child = user.spawn(['store', 'first.txt', '-', '--json']);
    child.stdout.destroy();
    const { code, stderr } = await closedEnd(child);
    t.is(code, 130);
    t.like(JSON.parse(stderr) as object, { error: { reason: 'cancelled' } });
    t.regex(stderr, /EPIPE/);
  });

  test(`${mode}: a verification that could not be finished since nobody reads its results says so`, async (t) => {
    const user = await create(t);
    const bad = (await user.run(['store', '-'], { input: 'about to rot' })).stdout.trimEnd();
    const path = (await user.run(['load', bad])).stdout.trimEnd();
    await chmod(path, 0o644);
    await writeFile(path, 'about to RoT');
    await writeFile(join(user.dir, 'large.bin'), '');
    await truncate(join(user.dir, 'large.bin'), 1024 * MiB);
    const large = (await user.run(['link', 'large.bin'])).stdout.trimEnd();
    const child = user.spawn(['verify', bad, large, '--json']);
    child.stdout.destroy();
    const { code, stderr } = await closedEnd(child);
    t.is(code, 130);
    t.like(JSON.parse(stderr) as object, { error: { reason: 'cancelled' } });
  });

  test(`${mode}: Ctrl-C during a store leaves nothing behind`, async (t) => {
    const user = await create(t);
    const child = user.spawn(['store', '-']);
    const end = endOf(child);
    await writeTo(child.stdin, generatedBytes(8 * MiB));
    child.kill('SIGINT');
    t.like(await end, { code: 130, stdout: '', stderr: '' });
    await nothingIsLeft(t, user);
  });

  test(`${mode}: Ctrl-C during cat ends it, also when its reader does not read`, async (t) => {
    const user = await create(t);
    const uri = (await user.run(['store', '-'], { input: generatedBytes(8 * MiB) })).stdout.trimEnd();
    const child = user.spawn(['cat', uri]);
    await once(child.stdout, 'readable');
    child.kill('SIGINT');
    t.is(await exitCode(child), 130);
  });
}

test('Ctrl-C during load --dest leaves neither the file nor a part of it', async (t) => {
  const user = await createUser.offline(t);
  const path = join(user.dir, 'large.bin');
  await writeFile(path, '');
  await truncate(path, 1024 * MiB);
  const uri = (await user.run(['link', 'large.bin'])).stdout.trimEnd();
  await mkdir(join(user.dir, 'copy'));
  const child = user.spawn(['load', uri, '--dest', join(user.dir, 'copy', 'copy.bin')]);
  const end = endOf(child);
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  while (!isOver() && (await readdir(join(user.dir, 'copy'))).length === 0) await new Promise(setImmediate);
  child.kill('SIGINT');
  const { code } = await end;
  t.deepEqual(await readdir(join(user.dir, 'copy')), code === 0 ? ['copy.bin'] : []);
  t.true(code === 130 || code === 0);
});

test('a store that reads a pipe that never ends is ended by SIGTERM too', async (t) => {
  const user = await createUser.offline(t);
  const child = user.spawn(['store', '-', '--json']);
  const end = endOf(child);
  await writeTo(child.stdin, generatedBytes(8 * MiB));
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await end;
  t.is(code, 143);
  t.is(stdout, '');
  t.like(JSON.parse(stderr) as object, { error: { reason: 'cancelled' } });
  await nothingIsLeft(t, user);
});

test('a result that cannot be written is told and not lost in silence', async (t) => {
  const user = await createUser.offline(t);
  const full = await open('/dev/full', 'w').catch(() => undefined);
  if (full === undefined) {
    t.log('SKIPPED: this system has no /dev/full');
    t.pass();
    return;
  }
  await full.close();
  const uri = (await user.run(['store', '-'], { input: 'x' })).stdout.trimEnd();
  const main = join(process.cwd(), 'dist/programs/cli/main.js');
  const failed = await run('sh', ['-c', `"${process.execPath}" "${main}" cat ${uri} > /dev/full`], { env: user.environment }).catch((error: unknown) => error);
  t.like(failed, { code: 7 });
  t.regex((failed as { stderr: string }).stderr, /^kachery-p2p: disk-full: /);
});

test('what is piped through stays byte for byte the same, also when it is large', async (t) => {
  const user = await createUser.online(t);
  const content = generatedBytes(45 * MiB + 17);
  const uri = (await user.run(['store', '-', '--label', 'big'], { input: content })).stdout.trimEnd();
  t.regex(uri, new RegExp(`^sha1://${sha1(content)}/big\\?manifest=[0-9a-f]{40}$`));
  const { stdoutBytes } = await user.run(['cat', uri]);
  t.true(stdoutBytes.equals(content));
});

async function writeTo(stream: NodeJS.WritableStream, data: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(data, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** How a command ends whose standard output nobody reads. */
async function closedEnd(child: ChildProcessWithoutNullStreams): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const [stderr, code] = await Promise.all([text(child.stderr), exitCode(child)]);
  return { code, stderr };
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

/** The daemon hears of an interrupted client a moment later than the client ends. */
async function nothingIsLeft(t: ExecutionContext, user: CommandLineUser): Promise<void> {
  let left = await leftovers(user.storageDir);
  for (let attempt = 0; left.length > 0 && attempt < 50; attempt += 1) {
    await user.run(['ls']);
    left = await leftovers(user.storageDir);
  }
  t.deepEqual(left, []);
}
