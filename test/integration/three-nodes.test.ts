import { mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import test from 'ava';
import { execa } from 'execa';

import { freePort } from '../../bench/processes/free-port.js';
import { temporaryFolder } from '../support/temporary-storage.js';

test('the example of three nodes goes through all of its steps and leaves nothing running', async (t) => {
  const folder = await temporaryFolder(t);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(resolve('dist/programs/cli/main.js'), join(bin, 'kachery-p2p'));
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder, TMPDIR: folder };
  const { stdout } = await execa('bash', [resolve('examples/three_nodes/three-nodes.sh'), String(await freePort())], { env, extendEnv: false });
  for (let step = 1; step <= 8; step++) t.true(stdout.includes(`\n${String(step)}. `) || stdout.startsWith(`${String(step)}. `), stdout);
  t.regex(stdout, /The second node got it from the third\.$/);
  const { stdout: left } = await execa('ps', ['-eo', 'args']);
  t.false(left.includes(folder), left);
});
