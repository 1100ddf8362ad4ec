import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';

import { CommandLineUser } from '../support/command-line.js';
import { type DocumentSample, readDocumentSamples } from '../support/document-samples.js';
import { generatedBytes } from '../support/temporary-storage.js';

const packageRoot = resolve('.');

/** What each kind of sample is run by: the program and its arguments, from the folder that the samples share. */
const runners: Record<string, (folder: string, text: string, line: number) => Promise<[string, ...string[]]>> = {
  sh: async (_folder, text) => ['bash', '--norc', '-euo', 'pipefail', '-c', text],
  python: async (_folder, text) => [resolve('.cache/python/bin/python'), '-c', text],
  ts: compileTypeScript,
};

/** Compiles a sample as a program of a user would be, against the package's own types. */
async function compileTypeScript(folder: string, text: string, line: number): Promise<[string, ...string[]]> {
  const name = `sample-${String(line)}`;
  await writeFile(join(folder, `${name}.mts`), text);
  const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck', '--types', 'node'];
  await execa(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...options, `${name}.mts`], { cwd: folder, all: true });
  return [process.execPath, `${name}.mjs`];
}

/** A folder as a user has it who installed both packages and has a file `recording.dat`. */
async function prepareFolder(user: CommandLineUser): Promise<void> {
  await writeFile(join(user.dir, 'recording.dat'), generatedBytes(1_000_000));
  await writeFile(join(user.dir, 'package.json'), '{"type":"module"}');
  await mkdir(join(user.dir, 'node_modules/@types'), { recursive: true });
  await symlink(packageRoot, join(user.dir, 'node_modules/kachery-p2p'));
  await symlink(resolve('node_modules/@types/node'), join(user.dir, 'node_modules/@types/node'));

  const { bin } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: Record<string, string> };
  await mkdir(join(user.dir, 'bin'));
  for (const [name, path] of Object.entries(bin)) await symlink(resolve(path), join(user.dir, 'bin', name));
}

async function runSample(t: ExecutionContext, user: CommandLineUser, { mark = '', text, line }: DocumentSample): Promise<void> {
  const prepare = runners[mark];
  if (prepare === undefined) {
    t.fail(`README.md:${String(line)}: no samples of the kind ${mark} are known`);
    return;
  }
  const env = { ...user.environment, PATH: `${join(user.dir, 'bin')}:${resolve('.cache/python/bin')}:${process.env['PATH'] ?? ''}` };
  await t.notThrowsAsync(
    async () => {
      const [program, ...words] = await prepare(user.dir, text, line);
      await execa(program, words, { cwd: user.dir, env, extendEnv: false, stdin: 'ignore', all: true });
    },
    `README.md:${String(line)}`,
  );
}

test('every marked sample of the README runs, in order, against a daemon', async (t) => {
  const samples = readDocumentSamples('README.md').filter(({ mark }) => mark !== undefined);
  for (const kind of Object.keys(runners))
    t.true(
      samples.some(({ mark }) => mark === kind),
      `The README has a ${kind} sample`,
    );

  const user = await CommandLineUser.create(t);
  await prepareFolder(user);
  await user.startDaemon();
  for (const sample of samples) await runSample(t, user, sample);
});
