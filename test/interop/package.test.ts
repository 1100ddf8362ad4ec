import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';

import { InstalledPackage } from '../support/installed-package.js';

const run = promisify(execFile);
const nodesDir = resolve('.cache/nodes');
const releases = ['22', '24'];

test('the package is installed into an empty project, typed, and works offline and with its own daemon, on this and other releases of Node', async (t) => {
  t.timeout(360_000);
  const versions = await readdir(nodesDir).catch(() => []);
  const installed = await InstalledPackage.create(t);
  await installed.checkWith(process.execPath);
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
