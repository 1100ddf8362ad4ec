import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';

import { InstalledPackage } from '../support/installed-package.js';

const run = promisify(execFile);
const nodesDir = resolve('.cache/nodes');
const releases = ['22', '24'];

test('the installed package works with other releases of Node', async (t) => {
  t.timeout(360_000);
  const versions = await readdir(nodesDir).catch(() => []);
  const installed = await InstalledPackage.create(t);
  for (const release of releases) {
    const version = versions.find((name) => name.startsWith(`${release}.`));
    if (version === undefined) {
      t.log(`SKIPPED: the installed package on Node ${release}, which .ci/other-nodes could not install`);
      continue;
    }
    const node = join(nodesDir, version, 'bin', 'node');
    t.is((await run(node, ['--version'])).stdout.trim(), `v${version}`);
    await installed.checkWith(node);
  }
});
