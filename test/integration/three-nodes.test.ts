import { mkdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

import test from 'ava';
import { execa } from 'execa';

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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}
