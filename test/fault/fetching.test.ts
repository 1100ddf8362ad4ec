import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import test from 'ava';

import { chunkSizeBytes } from '../../src/core/manifest.js';
import { LocalStorage } from '../../src/storage/local-storage.js';
import { idOf, manifestBytes, manifestOf } from '../support/content-of.js';
import { failureOf, loaded, temporaryFetcher } from '../support/fetching.js';
import { largeContent, nodesWithLargeContent } from '../support/large-content.js';
import { MemoryNetwork } from '../support/memory-network.js';
import { openStorage, temporaryFolder } from '../support/temporary-storage.js';
import { sha1Of } from './sha1-of.js';
import { SmallDisk } from './small-disk.js';

const MiB = 1024 * 1024;
const id = idOf(largeContent);
const manifestId = idOf(manifestBytes(manifestOf(largeContent, chunkSizeBytes)));

/** Loads in a process of its own that is killed when so many bytes are verified; resolves with how many it told. */
async function loadUntilKilled(dir: string, killAtBytes: number): Promise<number> {
  const program = spawn(process.execPath, [new URL('../support/fetch-until-killed.js', import.meta.url).pathname, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => program.once('exit', resolve));
  let loadedBytes = 0;
  for await (const line of createInterface(program.stdout)) {
    loadedBytes = Number(line);
    if (loadedBytes >= killAtBytes) program.kill('SIGKILL');
  }
  await ended;
  return loadedBytes;
}

async function sha1OfStored(storage: LocalStorage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of storage.read(id)) pieces.push(piece);
  return sha1Of(Buffer.concat(pieces));
}

for (const killAtBytes of [1, 30_000_000, 50_000_000]) {
  test.serial(`after kill -9 at ${String(killAtBytes)} bytes a load goes on and fetches at most a chunk of each node again`, async (t) => {
    const dir = await temporaryFolder(t);
    const loadedBytes = await loadUntilKilled(dir, killAtBytes);
    t.true(loadedBytes >= killAtBytes);
    const storage = await openStorage(t, dir);
    const nodes = nodesWithLargeContent();
    const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(...nodes), { storage });
    await loaded(fetcher.load({ id }));
    t.is(await sha1OfStored(storage), id);
    const askedBytes = nodes.reduce((sum, node) => sum + node.askedBytesOf(id), 0);
    t.log(`${String(loadedBytes)} bytes were told to be here, ${String(askedBytes)} were asked for then`);
    t.true(askedBytes <= largeContent.byteLength - loadedBytes + nodes.length * chunkSizeBytes);
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
