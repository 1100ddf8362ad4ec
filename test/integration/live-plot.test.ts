import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';

import { startTestDaemon } from '../support/daemon.js';
import { allItems, connectSdk } from '../support/sdk-client.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const samples = 12;

/** The example in a folder of a user who has installed the package; removed when the test ends. */
async function installExample(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await cp('examples/live_plot', folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
  await symlink(resolve('.'), join(folder, 'node_modules/kachery-p2p'));
  await symlink(resolve('node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  return folder;
}

test('the example draws the samples that another program records meanwhile', async (t) => {
  const folder = await installExample(t);
  const daemon = await startTestDaemon(t);
  const example = (script: string, ...words: string[]) =>
    execa(process.execPath, [script, ...words, '--samples', String(samples)], {
      cwd: folder,
      env: daemon.environment,
      extendEnv: false,
      forceKillAfterDelay: false,
    });

  const recording = example('record-load.mjs', '--every', '20');
  let uri = '';
  for await (uri of recording.iterable()) break;
  const plotting = example('live-plot.mjs', uri, '--svg', 'plot.svg');
  const { stdout } = await plotting;
  await recording;

  const { feeds } = await connectSdk(t, daemon);
  const values = (await allItems((await feeds.loadSubfeed(uri)).read())).map(({ value }) => (value as { busy: number }).busy);
  t.is(values.length, samples);
  t.true(values.every((value) => value >= 0 && value <= 1));
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const corners = values.map((value, index) => `${String(index * 10)},${(100 - ((value - lowest) / (highest - lowest || 1)) * 100).toFixed(1)}`);
  t.is(/points="([^"]*)"/.exec(await readFile(join(folder, 'plot.svg'), 'utf8'))?.[1], corners.join(' '));
  t.regex(stdout.trimEnd().split('\n').at(-1) ?? '', new RegExp(`^[▁▂▃▄▅▆▇█]{${String(samples)}} ${String(values.at(-1))}$`));
});

test('the example compiles against the types of the package', async (t) => {
  const folder = await installExample(t);
  const options = ['--noEmit', '--allowJs', '--checkJs', '--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck', '--types', 'node'];
  const { all } = await execa(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...options, 'record-load.mjs', 'live-plot.mjs'], {
    cwd: folder,
    all: true,
    reject: false,
  });
  t.is(all, '');
});
