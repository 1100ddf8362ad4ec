import { execFile } from 'node:child_process';
import { access, constants, readFile, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import test, { type ExecutionContext } from 'ava';

import { CommandLineUser } from '../support/command-line.js';
import { findProgram } from '../support/find-program.js';

const run = promisify(execFile);
const uri = 'sha1://b62714700750e0b01d1f3113ce90b218b7f0dceb/named.txt';

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(await readFile('package.json', 'utf8')) as Manifest;

/** Answers of bash's completion to what stands on the command line. */
async function completeInBash(script: string, words: readonly string[]): Promise<string[]> {
  const line = ['kachery-p2p', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `source "$1"; COMP_WORDS=(${line}); COMP_CWORD=${String(words.length)}; _kachery_p2p; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run('bash', ['-c', ask, 'bash', script]);
  return stderr === '' ? stdout.split('\n').filter((word) => word !== '') : [stderr];
}

async function parses(t: ExecutionContext, shell: string, user: CommandLineUser): Promise<void> {
  const { code, stdout } = await user.run(['completion', shell]);
  t.is(code, 0);
  const script = join(user.dir, `completion.${shell}`);
  await writeFile(script, stdout);
  const program = findProgram(shell);
  if (program === undefined) t.log(`SKIPPED: ${shell} is not installed here, so its completion was not parsed`);
  else await t.notThrowsAsync(run(program, ['-n', script]));
}

test('the names of the original are programs of this package', async (t) => {
  const user = await CommandLineUser.create(t);
  user.goOffline();
  const { 'kachery-p2p': main, ...named } = manifest.bin;
  t.is(main, 'dist/programs/cli/main.js');
  for (const name of ['cat', 'find', 'link', 'load', 'node-info', 'print-messages', 'start-daemon', 'stop-daemon', 'store']) {
    const path = named[`kachery-p2p-${name}`] ?? '';
    await access(path, constants.R_OK);
    t.regex(await readFile(path, 'utf8'), /^#!\/usr\/bin\/env node\n/);
    const help = await user.run(['--help'], { program: path.replace('dist/programs/cli/', '') });
    t.true(help.stdout.startsWith(`Usage: kachery-p2p ${name}`), help.stdout);
  }
  const program = (name: string): string => named[`kachery-p2p-${name}`]?.replace('dist/programs/cli/', '') ?? '';
  t.like(await user.run(['-', '--label', 'named.txt'], { program: program('store'), input: 'named' }), { code: 0, stdout: `${uri}\n` });
  t.like(await user.run([uri], { program: program('cat') }), { code: 0, stdout: 'named' });
  t.like(await user.run([], { program: program('node-info') }), { code: 9 });
});

test("the original's spellings of commands work", async (t) => {
  const user = await CommandLineUser.create(t);
  user.goOffline();
  await writeFile(join(user.dir, 'named.txt'), 'named');
  t.like(await user.run(['store-file', 'named.txt']), { code: 0, stdout: `${uri}\n` });
  t.like(await user.run(['link-file', 'named.txt']), { code: 0, stdout: `${uri}\n` });
  t.like(await user.run(['cat-file', uri, '--start', '1', '--end', '3']), { code: 0, stdout: 'am' });
  t.regex((await user.run(['load-file', uri])).stdout, /^\/.*\n$/);
});

test('the version and the help are told', async (t) => {
  const user = await CommandLineUser.create(t);
  t.like(await user.run(['version']), { code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  t.like(await user.run(['--version']), { code: 0, stdout: `${manifest.version}\n` });
  t.deepEqual(JSON.parse((await user.run(['version', '--json'])).stdout), { version: manifest.version, nodeVersion: process.version });
  t.regex((await user.run(['--help'])).stdout, /^Usage: kachery-p2p/);
  const nothing = await user.run([]);
  t.like(nothing, { code: 2, stdout: '' });
  t.regex(nothing.stderr, /^Usage: kachery-p2p/);
});

test('bash completes commands and their options', async (t) => {
  const user = await CommandLineUser.create(t);
  await parses(t, 'bash', user);
  const script = join(user.dir, 'completion.bash');
  t.deepEqual(await completeInBash(script, ['sto']), ['store', 'store-file', 'stop-daemon']);
  t.deepEqual(await completeInBash(script, ['load-file', '--']), ['--dest', '--from-node', '--from-channel', '--local-only', '--json']);
  t.deepEqual(await completeInBash(script, ['cat', 'sha1://x', '--s']), ['--start']);
  t.deepEqual(await completeInBash(script, ['unheard-of', '--']), []);
  t.deepEqual(await completeInBash(script, ['feed', 'r']), ['rm', 'rules']);
  t.deepEqual(await completeInBash(script, ['feed', 'cat', 'log', '--p']), ['--position']);
  t.deepEqual(await completeInBash(script, ['mutable', 'get', '--']), ['--key-json', '--json']);
});

test('zsh and fish can read their completions', async (t) => {
  const user = await CommandLineUser.create(t);
  await parses(t, 'zsh', user);
  await parses(t, 'fish', user);
});

test('a terminal shows how far a command is, unless the user does not want it', async (t) => {
  const script = findProgram('script');
  if (script === undefined || process.platform !== 'linux') {
    t.log('SKIPPED: the program script of util-linux is not installed here, so the progress bar was not seen');
    t.pass();
    return;
  }
  const user = await CommandLineUser.create(t);
  user.goOffline();
  await writeFile(join(user.dir, 'large.bin'), '');
  await truncate(join(user.dir, 'large.bin'), 1.5 * 1024 ** 3);
  const { stdout } = await user.run(['link', 'large.bin']);
  const command = `"${process.execPath}" "${resolve('dist/programs/cli/main.js')}" cat '${stdout.trimEnd()}' > /dev/null`;
  const seen = async (variables: Readonly<Record<string, string>>): Promise<string> => {
    const end = await run(script, ['-qec', command, '/dev/null'], { cwd: user.dir, env: { ...user.environment, ...variables } });
    return end.stdout;
  };
  const withBar = await seen({});
  t.regex(withBar, /\d+ %.* of 1\.5 GiB.*\/s .* left/);
  t.true(withBar.endsWith('\u001b[2K'), 'the bar is removed at the end');
  t.is(await seen({ KACHERY_P2P_PROGRESS: '0' }), '');
});
