import { connect } from '../../src/client/index.js';
import { expectDigest } from './expect-digest.js';
import { randomRanges } from './random-ranges.js';
import { type Original, type Stage } from './stage.js';

const rangeCount = 1000;
const rangeBytes = 64 * 1024;

/** Loads everything back with the TypeScript client. */
export async function loadInTypescript({ narrator, python, daemon, signal }: Stage, originals: readonly [Original, Original]): Promise<void> {
  narrator.chapter('Load, in TypeScript');
  const client = await connect({ environment: daemon.environment });
  try {
    for (const { name, uri, sizeBytes, sha256 } of originals) {
      await narrator.step(`client.readFile(${name}), a stream`, async () => {
        await expectDigest(client.readFile(uri, { signal }), sha256, uri);
        return { sizeBytes };
      });
    }
    const [, { name, uri, sizeBytes }] = originals;
    const ranges = randomRanges(sizeBytes, rangeCount, rangeBytes);
    const digests = (await python.call('range_digests', { name, ranges })) as string[];
    await narrator.step(`client.loadBytes(${name}, …), ${rangeCount.toLocaleString('en')} ranges of 64 KiB`, async () => {
      for (const [index, [start, end]] of ranges.entries()) {
        await expectDigest([await client.loadBytes(uri, { start, end, signal })], digests[index] ?? '', `[${String(start)}, ${String(end)}) of ${uri}`);
      }
      return { sizeBytes: rangeCount * rangeBytes };
    });
  } finally {
    await client.close();
  }
}
