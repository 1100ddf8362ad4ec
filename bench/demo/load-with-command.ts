import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { commandPath } from './demo-daemon.js';
import { expectDigest } from './expect-digest.js';
import { randomRanges } from './random-ranges.js';
import { type Original, type Stage } from './stage.js';

const execute = promisify(execFile);
const rangeBytes = 1024 * 1024;

/** Loads everything back with the command line program, and has everything that is stored hashed again. */
export async function loadWithCommand(stage: Stage, originals: readonly [Original, Original]): Promise<void> {
  const { narrator, python, dir, signal } = stage;
  narrator.chapter('Load, on the command line');
  for (const { name, uri, sizeBytes, sha256 } of originals) {
    const dest = join(dir, `${name}.copy`);
    await narrator.step(`kachery-p2p load ${name} --dest FILE`, async () => {
      await runCommand(stage, ['load', uri, '--dest', dest]);
      return { sizeBytes };
    });
    await expectDigest(createReadStream(dest, { signal, highWaterMark: rangeBytes }), sha256, dest);
  }
  const [, { name, uri, sizeBytes }] = originals;
  for (const [start, end] of randomRanges(sizeBytes, 2, rangeBytes)) {
    const [digest] = (await python.call('range_digests', { name, ranges: [[start, end]] })) as string[];
    await narrator.step(`kachery-p2p cat ${name} --start ${String(start)} --end ${String(end)}`, async () => {
      await expectDigest([await runCommand(stage, ['cat', uri, '--start', String(start), '--end', String(end)])], digest ?? '', uri);
      return { sizeBytes: rangeBytes };
    });
  }
  await narrator.step('kachery-p2p verify: hashes everything again', async () => {
    await runCommand(stage, ['verify']);
    return { sizeBytes: originals.reduce((sum, original) => sum + original.sizeBytes, 0) };
  });
}

/** Runs the command line program and resolves with what it wrote. Fails if its exit code is not 0. */
export async function runCommand({ daemon, signal }: Pick<Stage, 'daemon' | 'signal'>, args: readonly string[]): Promise<Buffer> {
  const options = { env: daemon.environment, signal, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 } as const;
  const { stdout } = await execute(process.execPath, [commandPath, ...args], options);
  return stdout;
}
