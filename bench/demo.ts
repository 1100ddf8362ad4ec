import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Narrator } from './demo/narrator.js';
import { runDemo } from './demo/run-demo.js';

const introduction = `kachery-p2p: files under permanent addresses made of their content, and feeds to follow

A daemon stores a real recording and a large array; Python, TypeScript and the command line load them
back. Then the recording comes once more, as a feed that is followed live. Whatever is loaded or followed
is compared with the original, every byte of it; the times include that.`;

const { values } = parseArgs({ options: { mebibytes: { type: 'string', default: '1024' } } });
const mebibytes = Number(values.mebibytes);
if (!Number.isSafeInteger(mebibytes) || mebibytes < 1) throw new Error('--mebibytes: the size of the array, 1 or more');

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruption.abort();
  });
}
process.exitCode = await demonstrate();

async function demonstrate(): Promise<number> {
  const narrator = new Narrator();
  const dir = await mkdtemp(join(tmpdir(), 'kachery-p2p-demo-'));
  try {
    narrator.say(`${introduction}\n\nEverything is written to ${dir}, which is removed at the end. Ctrl-C stops it at any time.`);
    await checkRoom(dir);
    await runDemo(narrator, { dir, mebibytes, signal: interruption.signal });
    narrator.sumUp();
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      console.log('\nInterrupted. Nothing of it is left running.');
      return 130;
    }
    console.error(error);
    return 1;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function checkRoom(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const neededBytes = (3 * mebibytes + 64) * 1024 * 1024;
  if (bavail * bsize < neededBytes) {
    throw new Error(
      `${dir} has room for ${String(bavail * bsize)} bytes; ${String(neededBytes)} are needed. Set TMPDIR, or give --mebibytes for a smaller array.`,
    );
  }
}
