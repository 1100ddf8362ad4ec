import { execFile } from 'node:child_process';
import { mkdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';

import { isKacheryError } from '../../../../src/core/failure.js';
import { limits } from '../../../../src/core/limits.js';
import { parseChannelAddress } from '../../../../src/network/channels/channel-address.js';
import { FileChannelSource } from '../../../../src/network/channels/file-channel-source.js';
import { temporaryFolder } from '../../../support/temporary-storage.js';

const signal = new AbortController().signal;
const hourMs = 3_600_000;

test('a file is read again only if it changed, or changed a moment ago', async (t) => {
  const address = parseChannelAddress(join(await temporaryFolder(t), 'channel.yaml'));
  const clock = { now: () => Date.now() + hourMs };
  await writeFile(address, 'one');
  const source = new FileChannelSource(clock);
  const first = await source.read(address, { signal });
  t.is(first?.text, 'one');
  t.is(await source.read(address, { signal, known: first?.version }), undefined);
  await writeFile(address, 'two');
  await utimes(address, 0, 0);
  t.is((await source.read(address, { signal, known: first?.version }))?.text, 'two');

  const now = new FileChannelSource({ now: () => Date.now() });
  const fresh = await now.read(address, { signal });
  t.deepEqual(fresh?.version, {}, 'what is written in the same moment could keep the time');
  t.is((await now.read(address, { signal, known: fresh?.version }))?.text, 'two');
});

test('readings at once all get the file', async (t) => {
  const address = parseChannelAddress(join(await temporaryFolder(t), 'channel.yaml'));
  await writeFile(address, 'one');
  const source = new FileChannelSource({ now: () => 0 });
  const readings = await Promise.all(Array.from({ length: 5 }, () => source.read(address, { signal })));
  t.deepEqual(
    readings.map((reading) => reading?.text),
    ['one', 'one', 'one', 'one', 'one'],
  );
  const absent = parseChannelAddress(`${address}.absent`);
  const missed = [source.read(absent, { signal }), source.read(absent, { signal })];
  for (const reading of missed) reading.catch(() => undefined);
  for (const reading of missed) await t.throwsAsync(reading, { message: /no such file/ });
  const aborted = new AbortController();
  const [first, second] = [source.read(address, { signal }), source.read(address, { signal: aborted.signal })];
  aborted.abort(new Error('left'));
  await t.throwsAsync(second, { message: 'left' });
  t.is((await first)?.text, 'one');
});

test('what is not a file that can be read is refused', async (t) => {
  const dir = await temporaryFolder(t);
  const source = new FileChannelSource({ now: () => 0 });
  const read = (name: string) => source.read(parseChannelAddress(join(dir, name)), { signal });
  const absent = await t.throwsAsync(read('absent'), { message: /no such file on the daemon's machine/ });
  t.true(isKacheryError(absent, 'channel-unavailable'));
  await mkdir(join(dir, 'folder'));
  t.true(isKacheryError(await t.throwsAsync(read('folder'), { message: /not a regular file/ }), 'channel-invalid'));
  await promisify(execFile)('mkfifo', [join(dir, 'pipe')]);
  t.true(isKacheryError(await t.throwsAsync(read('pipe'), { message: /not a regular file/ }), 'channel-invalid'));
  await writeFile(join(dir, 'large'), '');
  await truncate(join(dir, 'large'), limits.maxChannelFileBytes + 1);
  t.true(isKacheryError(await t.throwsAsync(read('large'), { message: /more than 4194304 bytes/ }), 'channel-invalid'));
});
