import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import test from 'ava';

import { settings } from '../../src/config/settings.js';
import { failureReasons } from '../../src/core/failure.js';

const run = promisify(execFile);

test('the generated pages are what the code says', async (t) => {
  await t.notThrowsAsync(run(process.execPath, ['.ci/generate-docs.mjs', '--check']));
});

test('docs/errors.md tells every reason and docs/settings.md every variable', async (t) => {
  const [errors, settingsPage] = await Promise.all([readFile('docs/errors.md', 'utf8'), readFile('docs/settings.md', 'utf8')]);
  for (const reason of failureReasons) t.true(errors.includes(`| \`${reason}\` |`), reason);
  for (const { variables } of Object.values(settings)) for (const name of variables) t.true(settingsPage.includes(`\`${name}\``), name);
});
