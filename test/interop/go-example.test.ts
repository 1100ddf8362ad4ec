import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';

import { CommandLineUser } from '../support/command-line.js';
import { findProgram } from '../support/find-program.js';
import { generatedBytes } from '../support/temporary-storage.js';

const title = 'a Go program on generated stubs stores a file, reads it back and tells errors apart';

/** Runs a command in the example's folder, with Go's folders in .cache. */
function inExample(program: string, ...words: string[]) {
  return execa(resolve('.ci/go-env'), [program, ...words], { cwd: 'examples/go', all: true });
}

async function buildAndRun(t: ExecutionContext): Promise<void> {
  const user = await CommandLineUser.create(t);
  const program = join(user.dir, 'kachery');
  await inExample(resolve('node_modules/.bin/buf'), 'generate');
  t.is((await inExample('gofmt', '-l', 'main.go')).all, '', 'main.go is formatted');
  await inExample('go', 'vet', '.');
  await inExample('go', 'build', '-o', program, '.');

  const { ready } = await user.startDaemon();
  const recording = join(user.dir, 'recording.dat');
  await writeFile(recording, generatedBytes(1_000_000));
  const { stdout } = await execa(program, ['-address', ready.address, '-token-file', join(user.storageDir, 'client-auth'), '-file', recording]);

  const stored = await user.run(['store', recording, '--json']);
  const { uri } = JSON.parse(stored.stdout) as { uri: string };
  t.deepEqual(
    stdout
      .replace(/(?<=INVALID_URI: ).*/, 'MESSAGE')
      .split('\n')
      .slice(1),
    [
      `stored ${uri}`,
      'read 1000000 bytes, all equal',
      'read bytes 333333 to 666667, all equal',
      'a wrong URI gives InvalidArgument, reason INVALID_URI: MESSAGE',
    ],
  );
  t.true(stdout.startsWith(`node ${ready.nodeId}, version `));
}

if (findProgram('protoc-gen-go') === undefined || findProgram('go') === undefined) {
  console.error('SKIPPED: there is no Go 1.25 or later: examples/go was neither built nor run');
  test.skip(title, buildAndRun);
} else {
  test(title, buildAndRun);
}
