import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { CommandLineUser } from '../support/command-line.js';
import { generatedBytes } from '../support/temporary-storage.js';

const jsonLines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const reasonIn = (stderr: string): unknown => (JSON.parse(stderr) as { error: { reason: unknown } }).error.reason;
const sha1 = (content: string): string => createHash('sha1').update(content).digest('hex');

/** A user whose offline storage directory, with some content, is another user's; undefined, and a line that says so, where there are no other users. */
async function createUser(t: ExecutionContext): Promise<{ user: CommandLineUser; uri: string; linkedUri: string } | undefined> {
  if (process.getuid?.() !== 0) {
    t.log(`SKIPPED: ${t.title}: only root can act as another user`);
    t.pass();
    return undefined;
  }
  const user = await CommandLineUser.create(t);
  await chmod(user.dir, 0o755);
  user.goOffline();
  const uri = (await user.run(['store', '-', '--label', 'a.txt'], { input: 'content of a' })).stdout.trimEnd();
  await writeFile(join(user.dir, 'linked.txt'), 'linked content');
  const linkedUri = (await user.run(['link', 'linked.txt'])).stdout.trimEnd();
  return { user, uri, linkedUri };
}

async function setMode(dir: string, mode: number): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), mode);
  await chmod(dir, mode);
}

test('offline, a directory that can only be read is read, and nothing is written to it', async (t) => {
  const { user, uri, linkedUri } = (await createUser(t)) ?? {};
  if (user === undefined || uri === undefined || linkedUri === undefined) return;
  await writeFile(join(user.dir, 'a.txt'), 'content of a');
  const large = generatedBytes(20_000_001);
  await writeFile(join(user.dir, 'large.bin'), large);
  const largeUri = (await user.run(['store', 'large.bin'])).stdout.trimEnd();
  t.regex(largeUri, /\?manifest=/);
  await setMode(user.storageDir, 0o555);
  const before = await readdir(user.storageDir, { recursive: true });
  const run = (words: readonly string[], input: string | Buffer = '') => user.run(words, { unprivileged: true, input });

  t.like(await run(['cat', uri]), { code: 0, stdout: 'content of a', stderr: '' });
  t.like(await run(['cat', linkedUri]), { code: 0, stdout: 'linked content', stderr: '' });
  t.is((await run(['load', uri])).code, 0);
  t.is((await run(['info', uri])).code, 0);
  const listed = await run(['ls', '--json']);
  t.deepEqual(
    jsonLines(listed.stdout).map((line) => (line as { sha1: string }).sha1),
    [sha1('content of a'), sha1('linked content'), largeUri.slice(7, 47), largeUri.slice(-40)].sort(),
  );
  t.like(await run(['verify']), { code: 0, stderr: '' });

  for (const words of [
    ['store', 'linked.txt'],
    ['store', '-'],
    ['link', 'linked.txt'],
    ['rm', uri],
  ]) {
    const end = await run([...words, '--json'], 'something new');
    t.is(end.code, 9, `${words.join(' ')}: ${end.stderr}`);
    t.is(reasonIn(end.stderr), 'storage-not-writable', words.join(' '));
    t.true(end.stderr.includes(user.storageDir));
  }
  for (const words of [
    ['store', 'a.txt'],
    ['store', '-', '--label', 'a.txt'],
  ]) {
    t.like(await run(words, 'content of a'), { code: 0, stdout: `${uri}\n`, stderr: '' }, 'what is there already is as good as stored');
  }
  const storedLarge = await run(['store', 'large.bin', 'a.txt']);
  t.like(storedLarge, { code: 0, stdout: `${largeUri}\n${uri}\n`, stderr: '' });
  t.like(await run(['store', '-', '--label', 'large.bin'], large), { code: 0, stdout: `${largeUri}\n` });
  const doctor = await run(['doctor', '--json']);
  t.is(doctor.code, 9);
  t.like(
    jsonLines(doctor.stdout).find((line) => (line as { check: string }).check === 'storage directory'),
    { status: 'fail', reason: 'storage-not-writable' },
  );
  t.deepEqual(await readdir(user.storageDir, { recursive: true }), before);
});

test('offline, a damaged copy in a directory that can only be read does not count as stored', async (t) => {
  const { user } = (await createUser(t)) ?? {};
  if (user === undefined) return;
  await writeFile(join(user.dir, 'large.bin'), generatedBytes(3_000_000), { mode: 0o644 });
  const uri = (await user.run(['store', 'large.bin'])).stdout.trimEnd();
  const hash = uri.slice('sha1://'.length, 'sha1://'.length + 40);
  await setMode(user.storageDir, 0o555);
  t.like(await user.run(['store', 'large.bin'], { unprivileged: true }), { code: 0, stdout: `${uri}\n` });
  const path = join(user.storageDir, 'sha1', hash.slice(0, 2), hash.slice(2, 4), hash.slice(4, 6), hash);
  await truncate(path, 2_000_000);
  const end = await user.run(['store', 'large.bin', '--json'], { unprivileged: true });
  t.is(end.code, 9, end.stderr);
  t.is(reasonIn(end.stderr), 'storage-not-writable');
});

test("offline, a directory is shared by users who may not look into each other's unfinished work", async (t) => {
  const { user, uri } = (await createUser(t)) ?? {};
  if (user === undefined || uri === undefined) return;
  await setMode(user.storageDir, 0o777);
  await chmod(join(user.storageDir, 'tmp'), 0o1777);
  for (const name of ['uploads', 'journal', 'index']) {
    await mkdir(join(user.storageDir, name), { mode: 0o700 });
    await writeFile(join(user.storageDir, name, 'private'), '', { mode: 0o600 });
  }
  const old = join(user.storageDir, 'tmp', 'offline.left-by-another-user.tmp');
  await writeFile(old, '', { mode: 0o600 });
  await utimes(old, 1, 1);
  const run = (words: readonly string[], input = '') => user.run(words, { unprivileged: true, input });

  const stored = await run(['store', '-', '--label', 'b.txt'], 'content of b');
  t.like(stored, { code: 0, stdout: `sha1://${sha1('content of b')}/b.txt\n`, stderr: '' });
  t.like(await run(['cat', stored.stdout.trimEnd()]), { code: 0, stdout: 'content of b' });
  t.like(await run(['cat', uri]), { code: 0, stdout: 'content of a' });
  t.like(await run(['ls']), { code: 0, stderr: '' });
  t.like(await run(['verify']), { code: 0, stdout: '3 files (38 bytes) checked, 0 bad\n', stderr: '' });
  t.like(await user.run(['cat', stored.stdout.trimEnd()]), { code: 0, stdout: 'content of b' });
});
