import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import test from 'ava';

import { type ByteRange } from '../../src/core/byte-range.js';
import { chunkSizeBytes } from '../../src/core/manifest.js';
import { StorageLayout } from '../../src/storage/layout.js';
import { type LocalStorage } from '../../src/storage/local-storage.js';
import { readPartialRecord } from '../../src/storage/partial/partial-record.js';
import { idOf, manifestBytes, manifestOf } from '../support/content-of.js';
import { type FetchUntilKilledLine } from '../support/fetch-until-killed-line.js';
import { failureOf, loaded, temporaryFetcher } from '../support/fetching.js';
import { largeContent, nodesWithLargeContent } from '../support/large-content.js';
import { MemoryNetwork } from '../support/memory-network.js';
import { openStorage, temporaryFolder } from '../support/temporary-storage.js';
import { sha1Of } from './sha1-of.js';
import { SmallDisk } from './small-disk.js';

const MiB = 1024 * 1024;
const id = idOf(largeContent);
const manifestId = idOf(manifestBytes(manifestOf(largeContent, chunkSizeBytes)));

/** Loads in a process of its own that is killed as soon as a line that it told is so; resolves with the last one. */
async function loadUntilKilled(dir: string, isSo: (line: FetchUntilKilledLine) => boolean): Promise<FetchUntilKilledLine> {
  const program = spawn(process.execPath, [new URL('../support/fetch-until-killed.js', import.meta.url).pathname, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => program.once('exit', resolve));
  let last: FetchUntilKilledLine = { loadedBytes: 0, verifiedBytes: 0 };
  for await (const text of createInterface(program.stdout)) {
    last = JSON.parse(text) as FetchUntilKilledLine;
    if (isSo(last)) program.kill('SIGKILL');
  }
  await ended;
  return last;
}

/** What of the content is known to be on the disk. */
async function keptRanges(dir: string): Promise<readonly ByteRange[]> {
  const state = await readPartialRecord(join(new StorageLayout(dir).partialDir, `${id}.record`), id);
  return [...(state?.filled ?? []), ...[...(state?.verified ?? [])].flatMap((chunk) => state?.layout.chunks[chunk] ?? [])];
}

function sizeOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0);
}

async function sha1OfStored(storage: LocalStorage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of storage.read(id)) pieces.push(piece);
  return sha1Of(Buffer.concat(pieces));
}

const killMoments: Record<string, (line: FetchUntilKilledLine) => boolean> = {
  'at once': ({ loadedBytes }) => loadedBytes > 0,
  'in the middle': ({ loadedBytes }) => loadedBytes >= 50_000_000,
  'when most is verified': ({ verifiedBytes }) => verifiedBytes >= 4 * chunkSizeBytes,
};
for (const [moment, isSo] of Object.entries(killMoments)) {
  test.serial(`after kill -9 ${moment} a load goes on, fetches nothing again that was kept, and at most a chunk of each node was not`, async (t) => {
    const dir = await temporaryFolder(t);
    const told = await loadUntilKilled(dir, isSo);
    t.true(isSo(told));
    const kept = await keptRanges(dir);
    const storage = await openStorage(t, dir);
    const nodes = nodesWithLargeContent();
    const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(...nodes), { storage });
    await loaded(fetcher.load({ id }));
    t.is(await sha1OfStored(storage), id);
    const asked = nodes.flatMap((node) => node.asked.flatMap((request) => (request.id === id ? request.range : [])));
    t.log(`${JSON.stringify(told)} was told, ${String(sizeOf(kept))} bytes were kept, ${String(sizeOf(asked))} were asked for then`);
    const askedAgain = asked.flatMap((one) => kept.map((other) => ({ start: Math.max(one.start, other.start), end: Math.min(one.end, other.end) })));
    t.is(sizeOf(askedAgain), 0);
    t.true(sizeOf(asked) <= largeContent.byteLength - told.verifiedBytes + nodes.length * chunkSizeBytes);
  });
}

test.serial('a disk that is full before or in the middle is told; what is verified is kept, and the load goes on when there is room', async (t) => {
  const disk = await SmallDisk.mount(t, 250 * MiB);
  if (!disk) return;
  const storage = await openStorage(t, disk.dir);
  const nodes = nodesWithLargeContent();
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(...nodes), { storage });

  await disk.fill(50 * MiB);
  const before = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(before.reason, 'disk-full');
  t.is(nodes[0].askedBytesOf(id) + nodes[1].askedBytesOf(id), 0, 'nothing was fetched in vain');

  await disk.free();
  let isFilled = false;
  for (const node of nodes) {
    node.script = async ({ id: of, position, bytes }) => {
      if (of === id && position >= 60_000_000 && !isFilled) {
        isFilled = true;
        await disk.fill(0);
      }
      return bytes;
    };
  }
  const middle = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(middle.reason, 'disk-full');
  t.true(middle.message.includes(disk.dir));
  await fetcher.close();

  await disk.free();
  const { fetcher: second } = await temporaryFetcher(t, new MemoryNetwork(...nodes), { storage });
  const askedBytes = nodes.reduce((sum, node) => sum + node.askedBytesOf(id), 0);
  const { told } = await loaded(second.load({ id }));
  t.is(await sha1OfStored(storage), id);
  t.true(told.some((progress) => progress.loadedBytes >= chunkSizeBytes && progress.loadedBytes < largeContent.byteLength));
  t.true(nodes.reduce((sum, node) => sum + node.askedBytesOf(id), 0) - askedBytes < largeContent.byteLength, 'something was kept');
});

test.serial('a range of a file that does not fit on the disk can be read', async (t) => {
  const disk = await SmallDisk.mount(t, 60 * MiB);
  if (!disk) return;
  const storage = await openStorage(t, disk.dir);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(...nodesWithLargeContent()), { storage });
  const pieces: Buffer[] = [];
  for await (const piece of fetcher.read({ id, manifestId }, { start: 70_000_000, end: 70_000_100 })) pieces.push(piece);
  t.true(largeContent.subarray(70_000_000, 70_000_100).equals(Buffer.concat(pieces)));
  t.is((await failureOf(t, loaded(fetcher.load({ id })))).reason, 'disk-full');
});
