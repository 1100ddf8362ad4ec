import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { CommandLineUser } from '../support/command-line.js';

const unknownUri = `sha1://${'0'.repeat(40)}/nothing.dat`;
const sha1 = (content: string | Buffer): string => createHash('sha1').update(content).digest('hex');
const jsonLines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

interface ErrorLine {
  readonly error: { readonly reason: string; readonly message: string; readonly details: Record<string, string> };
}
const errorOf = (stderr: string): ErrorLine['error'] => (JSON.parse(stderr) as ErrorLine).error;

/** Words of a command, its exit code and its reason. */
type Case = readonly [readonly string[], number, string];

async function endsAs(t: ExecutionContext, user: CommandLineUser, [words, code, reason]: Case): Promise<void> {
  const end = await user.run([...words, '--json']);
  t.is(end.code, code, `${words.join(' ')}: ${end.stderr}`);
  t.is(end.stdout, '', words.join(' '));
  t.is(errorOf(end.stderr).reason, reason, words.join(' '));
  t.true(errorOf(end.stderr).message.length > 10);
}

/** A user whose commands work in one of the two modes. */
const modes: Readonly<Record<string, (t: ExecutionContext) => Promise<CommandLineUser>>> = {
  online: async (t) => {
    const user = await CommandLineUser.create(t);
    await user.startDaemon();
    return user;
  },
  offline: async (t) => {
    const user = await CommandLineUser.create(t);
    user.goOffline();
    return user;
  },
};

for (const [mode, createUser] of Object.entries(modes)) {
  test(`${mode}: a file goes through store, load, cat, info and ls`, async (t) => {
    const user = await createUser(t);
    await writeFile(join(user.dir, 'a.txt'), 'content of a');
    const uri = `sha1://${sha1('content of a')}/a.txt`;

    t.like(await user.run(['store', 'a.txt']), { code: 0, stdout: `${uri}\n`, stderr: '' });
    const loaded = await user.run(['load', uri]);
    t.like(loaded, { code: 0, stderr: '' });
    t.is(await readFile(loaded.stdout.trimEnd(), 'utf8'), 'content of a');
    t.like(await user.run(['cat', uri]), { code: 0, stdout: 'content of a', stderr: '' });
    t.like(await user.run(['cat', uri, '--start', '3', '--end', '7']), { code: 0, stdout: 'tent', stderr: '' });
    t.like(await user.run(['cat', uri, '--start', '8']), { code: 0, stdout: 'of a', stderr: '' });

    const info = await user.run(['info', uri, '--json']);
    t.is(info.code, 0, info.stderr);
    t.like(jsonLines(info.stdout)[0], { uri, sha1: sha1('content of a'), sizeBytes: 12, location: 'stored' });
    t.regex((await user.run(['info', uri])).stdout, /Size +12 bytes\n/);
    const listed = await user.run(['ls', '--json']);
    t.like(jsonLines(listed.stdout)[0], { sha1: sha1('content of a'), sizeBytes: 12 });
    t.regex((await user.run(['ls'])).stdout, new RegExp(`^sha1://${sha1('content of a')}\n$`));
    t.regex((await user.run(['ls', '-l'])).stdout, /^ +12 {2}stored {2}sha1:/);
  });

  test(`${mode}: several files are stored in their order, each with its own failure`, async (t) => {
    const user = await createUser(t);
    const names = Array.from({ length: 20 }, (_, index) => `file-${String(index)}.txt`);
    for (const name of names) await writeFile(join(user.dir, name), `content of ${name}`);
    const stored = await user.run(['store', '--json', ...names]);
    t.is(stored.code, 0, stored.stderr);
    t.deepEqual(
      jsonLines(stored.stdout),
      names.map((path) => ({ path, uri: `sha1://${sha1(`content of ${path}`)}/${path}` })),
    );

    await mkdir(join(user.dir, 'folder'));
    const partly = await user.run(['store', '--json', 'file-0.txt', 'missing.txt', 'folder', 'file-1.txt']);
    t.is(partly.code, 3);
    t.deepEqual(
      jsonLines(partly.stdout).map((line) => (line as { path: string }).path),
      ['file-0.txt', 'file-1.txt'],
    );
    t.deepEqual(
      jsonLines(partly.stderr).map((line) => (line as ErrorLine).error.reason),
      ['path-not-found', 'not-a-regular-file'],
    );
  });

  test(`${mode}: standard input is stored, and a file goes to standard output`, async (t) => {
    const user = await createUser(t);
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));
    const stored = await user.run(['store', '-', '--label', 'piped.bin'], { input: content });
    t.like(stored, { code: 0, stdout: `sha1://${sha1(content)}/piped.bin\n`, stderr: '' });
    const uri = stored.stdout.trimEnd();
    t.true((await user.run(['cat', uri])).stdoutBytes.equals(content));
    t.true((await user.run(['load', uri, '--dest', '-'])).stdoutBytes.equals(content));
    t.like(await user.run(['store', '-'], { input: '' }), { code: 0, stdout: `sha1://${sha1('')}/file.dat\n` });
    t.like(await user.run(['cat', `sha1://${sha1('')}`]), { code: 0, stdout: '' });
  });

  test(`${mode}: load --dest makes a copy of its own, replaces in one step and refuses a directory`, async (t) => {
    const user = await createUser(t);
    const uri = (await user.run(['store', '-', '--label', 'x.txt'], { input: 'new' })).stdout.trimEnd();
    await mkdir(join(user.dir, 'target'));
    const dest = join(user.dir, 'target', 'copy.txt');
    await writeFile(dest, 'something old');

    t.like(await user.run(['load', uri, '--dest', 'target/copy.txt', '--json']), { code: 0, stdout: `${JSON.stringify({ uri, path: dest })}\n` });
    t.is(await readFile(dest, 'utf8'), 'new');
    t.not((await stat(dest)).mode & 0o200, 0, 'the copy can be changed');
    await writeFile(dest, 'changed');
    t.like(await user.run(['cat', uri]), { stdout: 'new' });

    const refused = await user.run(['load', uri, '--dest', 'target', '--json']);
    t.is(refused.code, 2);
    t.like(errorOf(refused.stderr), { reason: 'not-a-regular-file' });
    const nowhere = await user.run(['load', uri, '--dest', 'no/such/folder/x', '--json']);
    t.is(nowhere.code, 3);
    t.like(errorOf(nowhere.stderr), { reason: 'path-not-found' });
    const absent = await user.run(['load', unknownUri, '--dest', 'target/absent.txt']);
    t.is(absent.code, 3);
    t.deepEqual(await readdir(join(user.dir, 'target')), ['copy.txt']);
  });

  test(`${mode}: a linked file stays where it is, and is refused once it has changed`, async (t) => {
    const user = await createUser(t);
    const path = join(user.dir, 'linked.txt');
    await writeFile(path, 'linked content');
    const linked = await user.run(['link', 'linked.txt', '--json']);
    const uri = `sha1://${sha1('linked content')}/linked.txt`;
    t.like(linked, { code: 0, stdout: `${JSON.stringify({ path: 'linked.txt', uri })}\n` });
    t.like(await user.run(['load', uri]), { code: 0, stdout: `${path}\n` });
    t.like(await user.run(['cat', uri]), { code: 0, stdout: 'linked content' });
    t.regex((await user.run(['info', uri])).stdout, /Linked file +\/.*linked\.txt\n/);

    await writeFile(path, 'other content, longer');
    const changed = await user.run(['cat', uri, '--json']);
    t.is(changed.code, 6);
    t.is(changed.stdout, '');
    t.like(errorOf(changed.stderr), { reason: 'content-corrupt' });
  });

  test(`${mode}: a linked file whose disk is gone is told as bad, and is there again when the disk is`, async (t) => {
    const user = await createUser(t);
    await mkdir(join(user.dir, 'disk'));
    await writeFile(join(user.dir, 'disk', 'linked.txt'), 'linked content');
    const uri = (await user.run(['link', 'disk/linked.txt'])).stdout.trimEnd();
    const good = (await user.run(['store', '-'], { input: 'stored' })).stdout.trimEnd();
    await rename(join(user.dir, 'disk'), join(user.dir, 'not-mounted'));
    const verified = await user.run(['verify', '--json']);
    t.is(verified.code, 6, verified.stderr);
    const lines = jsonLines(verified.stdout) as { readonly kind: string; readonly problem?: string }[];
    t.like(lines, { 0: { kind: 'bad', sha1: sha1('linked content'), path: join(user.dir, 'disk', 'linked.txt'), quarantinePath: '' } });
    t.regex(lines[0]?.problem ?? '', /not mounted/);
    t.like(lines.at(-1), { kind: 'summary', checkedFiles: 2, badFiles: 1 });
    t.is(errorOf((await user.run(['cat', uri, '--json'])).stderr).reason, 'content-corrupt');
    t.like(await user.run(['cat', good]), { code: 0, stdout: 'stored' });

    await rename(join(user.dir, 'not-mounted'), join(user.dir, 'disk'));
    t.like(await user.run(['verify']), { code: 0, stdout: '2 files (20 bytes) checked, 0 bad\n' });
    t.like(await user.run(['cat', uri]), { code: 0, stdout: 'linked content' });
  });

  test(`${mode}: rm removes files, and tells those that are not there`, async (t) => {
    const user = await createUser(t);
    const [first, second] = (await Promise.all(['one', 'two'].map((input) => user.run(['store', '-'], { input })))).map((end) => end.stdout.trimEnd());
    const removed = await user.run(['rm', '--json', first!, unknownUri, second!]);
    t.is(removed.code, 3);
    t.deepEqual(jsonLines(removed.stdout), [
      { uri: first, freedBytes: 3 },
      { uri: second, freedBytes: 3 },
    ]);
    t.like(errorOf(removed.stderr), { reason: 'file-not-found' });
    t.like(await user.run(['ls']), { code: 0, stdout: '' });
    t.like(await user.run(['cat', first!]), { code: 3, stdout: '' });
  });

  test(`${mode}: verify tells what is bad, and moves it away unless told otherwise`, async (t) => {
    const user = await createUser(t);
    const good = (await user.run(['store', '-'], { input: 'good' })).stdout.trimEnd();
    const bad = (await user.run(['store', '-'], { input: 'about to rot' })).stdout.trimEnd();
    t.like(await user.run(['verify']), { code: 0, stdout: '2 files (16 bytes) checked, 0 bad\n' });

    const path = (await user.run(['load', bad])).stdout.trimEnd();
    await chmod(path, 0o644);
    await writeFile(path, 'about to RoT');
    const left = await user.run(['verify', '--no-quarantine', '--json']);
    t.is(left.code, 6, left.stderr);
    t.like(jsonLines(left.stdout), {
      0: { kind: 'bad', sha1: sha1('about to rot'), actualSha1: sha1('about to RoT'), path, quarantinePath: '' },
      1: { kind: 'summary', checkedFiles: 2, badFiles: 1 },
    });
    t.is(await readFile(path, 'utf8'), 'about to RoT');
    t.like(await user.run(['verify', good]), { code: 0, stdout: '1 files (4 bytes) checked, 0 bad\n' });

    const moved = await user.run(['verify', bad]);
    t.is(moved.code, 6);
    t.regex(moved.stdout, /^BAD sha1:\/\/[0-9a-f]{40} at .*; moved to .*quarantine.*\n1 files .* checked, 1 bad\n$/);
    t.is((await readdir(join(user.storageDir, 'quarantine'))).length, 1);
    t.like(await user.run(['cat', bad]), { code: 3, stdout: '' });
    t.like(await user.run(['verify']), { code: 0, stdout: '1 files (4 bytes) checked, 0 bad\n' });
  });

  test(`${mode}: a damaged copy of the same size is replaced when it is stored again`, async (t) => {
    const user = await createUser(t);
    const content = Buffer.alloc(2_000_000, 'whole');
    await writeFile(join(user.dir, 'whole.bin'), content);
    for (const words of [
      ['store', 'whole.bin'],
      ['store', '-', '--label', 'whole.bin'],
    ]) {
      const stored = await user.run(words, { input: content });
      const path = (await user.run(['load', stored.stdout.trimEnd()])).stdout.trimEnd();
      await chmod(path, 0o644);
      await writeFile(path, Buffer.alloc(2_000_000, 'hole'));
      t.like(await user.run(words, { input: content }), { code: 0, stdout: stored.stdout, stderr: '' });
      t.true((await readFile(path)).equals(content));
    }
  });

  test(`${mode}: what cannot be done ends with its reason and exit code`, async (t) => {
    const user = await createUser(t);
    const uri = (await user.run(['store', '-'], { input: '0123456789' })).stdout.trimEnd();
    const cases: readonly Case[] = [
      [['cat', unknownUri], 3, 'file-not-found'],
      [['load', unknownUri], 3, 'file-not-found'],
      [['info', unknownUri], 3, 'file-not-found'],
      [['cat', 'sha1://../../etc/passwd'], 2, 'invalid-uri'],
      [['cat', uri, '--start', '-1', '--end', '2'], 2, 'invalid-range'],
      [['cat', uri, '--start', '9', '--end', '11'], 10, 'range-beyond-end'],
      [['cat', uri, '--start', '11'], 10, 'range-beyond-end'],
      [['store', 'missing'], 3, 'path-not-found'],
      [['link', '.'], 2, 'not-a-regular-file'],
    ];
    for (const oneCase of cases) await endsAs(t, user, oneCase);
    const plain = await user.run(['cat', unknownUri]);
    t.regex(plain.stderr, /^kachery-p2p: file-not-found: [^\n]+\n$/);
  });
}

test('what is called in a way that cannot be ends with exit code 2', async (t) => {
  const user = await modes['offline']!(t);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['load', unknownUri.toUpperCase()], 'invalid-uri'],
    [['rm', 'sha1://abc'], 'invalid-uri'],
    [['cat', unknownUri, '--start', '5', '--end', '2'], 'invalid-range'],
    [['cat', unknownUri, '--start', 'x'], 'invalid-range'],
    [['cat', unknownUri, '--end', '1.5'], 'invalid-range'],
    [['store', '-', '--label', 'a/b'], 'invalid-argument'],
    [['store', 'a', 'b', '--label', 'x'], 'invalid-argument'],
    [['link', 'a', 'b', '--label', 'x'], 'invalid-argument'],
    [['store', '-', '-'], 'invalid-argument'],
    [['store'], 'invalid-argument'],
    [['cat', unknownUri, '--bogus'], 'invalid-argument'],
    [['cat', unknownUri, 'another'], 'invalid-argument'],
    [['bogus'], 'invalid-argument'],
    [['completion', 'tcsh'], 'invalid-argument'],
  ];
  for (const [words, reason] of cases) await endsAs(t, user, [words, 2, reason]);
});

test('what the operating system does not permit is told apart from what is not there', async (t) => {
  const user = await modes['offline']!(t);
  await chmod(user.dir, 0o755);
  await chmod(user.storageDir, 0o777);
  const path = join(user.dir, 'secret.txt');
  await writeFile(path, 'secret', { mode: 0 });
  const unreadable = await user.run(['store', 'secret.txt', '--json'], { unprivileged: true });
  t.is(unreadable.code, 5, unreadable.stderr);
  t.like(errorOf(unreadable.stderr), { reason: 'path-not-permitted', details: { path } });

  await chmod(path, 0o644);
  await rm(user.storageDir, { recursive: true });
  await mkdir(user.storageDir, { mode: 0o555 });
  const unwritable = await user.run(['store', 'secret.txt', '--json'], { unprivileged: true });
  t.is(unwritable.code, 9, unwritable.stderr);
  t.like(errorOf(unwritable.stderr), { reason: 'storage-not-writable' });
});

test('offline: what needs a daemon says so', async (t) => {
  const user = await modes['offline']!(t);
  for (const words of [['node-info'], ['stop-daemon'], ['watch']]) {
    const end = await user.run([...words, '--json']);
    t.is(end.code, 9, end.stderr);
    t.is(errorOf(end.stderr).reason, 'offline');
  }
});

test('online: find and info tell the node that has a file', async (t) => {
  const user = await CommandLineUser.create(t);
  const { ready } = await user.startDaemon(['--label', 'the node']);
  const uri = (await user.run(['store', '-'], { input: 'wanted' })).stdout.trimEnd();
  t.like(await user.run(['find', uri, '--json']), { code: 0, stdout: `${JSON.stringify({ nodeId: ready.nodeId, isLocal: true, sizeBytes: 6, label: '' })}\n` });
  t.like(await user.run(['find', uri]), { code: 0, stdout: `${ready.nodeId} 6 bytes (this node)\n` });
  t.like(await user.run(['find-file', unknownUri]), { code: 3, stdout: '' });
  t.regex((await user.run(['info', uri])).stdout, new RegExp(`Node +${ready.nodeId} \\(this one\\)\n`));
  const node = await user.run(['node-info', '--json']);
  t.like(jsonLines(node.stdout)[0], { nodeId: ready.nodeId, label: 'the node', storageDir: user.storageDir });
  t.regex((await user.run(['node-info'])).stdout, new RegExp(`^Node +${ready.nodeId}\nLabel +the node\n`));
});

test('without a daemon every command that needs one says how to start it', async (t) => {
  const user = await CommandLineUser.create(t);
  const { child } = await user.startDaemon();
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  for (const words of [['store', '-'], ['cat', unknownUri], ['ls'], ['node-info'], ['stop-daemon'], ['find', unknownUri]]) {
    const end = await user.run([...words, '--json']);
    t.is(end.code, 4, `${words.join(' ')}: ${end.stderr}`);
    t.is(errorOf(end.stderr).reason, 'daemon-not-running');
    t.regex(errorOf(end.stderr).message, /start-daemon/);
  }
});
