import test from 'ava';

import { systemClock } from '../../../src/core/clock.js';
import { type PartialFile } from '../../../src/storage/partial/partial-files.js';
import { FileFetcher } from '../../../src/transfer/file-fetcher.js';
import { RateMeter } from '../../../src/transfer/rate-meter.js';
import { until } from '../../fault/until.js';
import { idOf } from '../../support/content-of.js';
import { loaded, quick, temporaryFetcher } from '../../support/fetching.js';
import { MemoryNetwork, MemoryPeer } from '../../support/memory-network.js';
import { collect, generatedBytes, temporaryStorage } from '../../support/temporary-storage.js';

const content = generatedBytes(45_000_000);
const id = idOf(content);
const chunkBytes = 20_000_000;
const MiB = 1024 * 1024;

function node(label: string, chunk = chunkBytes): MemoryPeer {
  return new MemoryPeer(label).has(content, { chunkBytes: chunk });
}

test('what a node that became slow was asked for is asked of a fast one, too', async (t) => {
  const [slow, fast] = [node('slow'), node('fast')];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // It sends something, and then nothing until all the rest is there.
  slow.script = async ({ id: of, bytes }) => {
    if (of === id && slow.sentBytes > 1_000_000) await held;
    return bytes;
  };
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(slow, fast), { timing: { silentMs: 600_000 } });
  const { told } = await loaded(fetcher.load({ id }));
  release();
  t.true(content.equals(await collect(store.read(id))));
  t.true(slow.sentBytes < 3_000_000);
  t.is(told.at(-1)!.sources.find(({ label }) => label === 'slow')?.problem, '');
  t.true(slow.askedBytesOf(id) + fast.askedBytesOf(id) <= content.byteLength + 17 * MiB);
});

test('many small chunks are asked for together', async (t) => {
  const peer = node('node', 10_000);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  await loaded(fetcher.load({ id }));
  t.is(peer.askedBytesOf(id), content.byteLength);
  t.true(peer.asked.length < 40);
});

test('no more is taken in than a slow disk takes', async (t) => {
  const storage = await temporaryStorage(t);
  let writing = 0;
  let mostWriting = 0;
  let takenBytes = 0;
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const slow = (partial: PartialFile): PartialFile =>
    new Proxy(partial, {
      get: (target, name) => {
        if (name === 'write') {
          return async (position: number, bytes: Uint8Array): Promise<void> => {
            takenBytes += bytes.byteLength;
            writing += 1;
            mostWriting = Math.max(mostWriting, writing);
            await gate;
            await target.write(position, bytes);
            writing -= 1;
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  const store = new Proxy(storage, {
    get: (target, name) => {
      if (name === 'partials')
        return {
          open: () => Promise.resolve(undefined),
          create: async (...words: Parameters<typeof target.partials.create>) => slow(await target.partials.create(...words)),
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const peers = [node('one'), node('other')];
  const fetcher = new FileFetcher({ store, peers: new MemoryNetwork(...peers), clock: systemClock }, quick);
  t.teardown(() => fetcher.close());
  const loading = loaded(fetcher.load({ id }));
  await until('all requests wait for the disk', () => writing > 0 && writing === peers[0]!.openRequests + peers[1]!.openRequests);
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  t.true(takenBytes <= 16 * 65_536, `${String(takenBytes)} bytes wait, one piece of each request`);
  open();
  await loading;
  t.true(mostWriting <= 16);
  t.true(content.equals(await collect(storage.read(id))));
});

test('a rate is that of the last moments, and falls when nothing comes', (t) => {
  const meter = new RateMeter();
  t.is(meter.perSecond(0), undefined);
  meter.start(1_000);
  for (let at = 1_100; at <= 3_000; at += 100) meter.add(10_000, at);
  t.true(Math.abs((meter.perSecond(3_000) ?? 0) - 100_000) < 10_000);
  t.true((meter.perSecond(13_000) ?? Infinity) < 5_000);
  meter.stop();
  t.true((meter.perSecond(99_000) ?? 0) > 90_000, 'a pause of ours says nothing');
});
