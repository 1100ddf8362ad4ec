import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import test, { type ExecutionContext } from 'ava';

import { type LocalStorage } from '../../../src/storage/local-storage.js';
import { Bell } from '../../../src/transfer/bell.js';
import { type LoadProgress } from '../../../src/transfer/load-event.js';
import { idOf } from '../../support/content-of.js';
import { failureOf, loaded, temporaryFetcher } from '../../support/fetching.js';
import { damaged, MemoryNetwork, MemoryPeer } from '../../support/memory-network.js';
import { collect, generatedBytes } from '../../support/temporary-storage.js';

const content = generatedBytes(3_000_000);
const id = idOf(content);
const chunkBytes = 200_000;

async function checkStored(t: ExecutionContext, store: LocalStorage, bytes: Buffer): Promise<void> {
  t.true(bytes.equals(await collect(store.read(idOf(bytes)))));
  t.deepEqual(await readdir(join(store.dir, 'partial')), []);
  t.deepEqual(await readdir(join(store.dir, 'tmp')), []);
}

for (const [name, bytes, chunk] of [
  ['an empty file', Buffer.alloc(0), undefined],
  ['a small file', content.subarray(0, 5_000), undefined],
  ['a file of 256 KiB', content.subarray(0, 262_144), undefined],
  ['a file without a manifest', content, undefined],
  ['a file with a manifest', content, chunkBytes],
  ['a file over 20 MB without a manifest', generatedBytes(30_000_000), undefined],
  ['a file over 20 MB with the standard manifest', generatedBytes(30_000_000), 20_000_000],
  ['a file over 20 MB with another manifest', generatedBytes(30_000_000), 7_000_000],
] as const) {
  for (const sources of [1, 3]) {
    test(`${name} comes from ${String(sources)} of 4 nodes`, async (t) => {
      const peers = Array.from({ length: 4 }, (_, index) => new MemoryPeer(`node ${String(index)}`));
      for (const peer of peers.slice(0, sources)) peer.has(bytes, chunk === undefined ? {} : { chunkBytes: chunk });
      const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(...peers));
      const { file, told } = await loaded(fetcher.load({ id: idOf(bytes) }));
      t.is(file.sizeBytes, bytes.byteLength);
      await checkStored(t, store, bytes);
      t.true(peers.every((peer) => peer.openRequests === 0));
      t.is(
        peers.slice(sources).reduce((sum, { sentBytes }) => sum + sentBytes, 0),
        0,
      );
      if (sources === 3 && (bytes.byteLength > 20_000_000 || (chunk ?? Infinity) * 3 < bytes.byteLength))
        t.true(
          peers.slice(0, 3).every(({ sentBytes }) => sentBytes > 0),
          'all three bring something',
        );
      t.is(told[0]?.state, 'finding');
    });
  }
}

test('what is here already is not asked of anybody', async (t) => {
  const peer = new MemoryPeer('node').has(content);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  await store.storeSmallFiles([content.subarray(0, 100)]);
  await loaded(fetcher.load({ id: idOf(content.subarray(0, 100)) }));
  t.deepEqual(peer.lookups, []);
});

test('without any node the failure is that of a daemon without a network', async (t) => {
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork());
  const failure = await failureOf(t, loaded(fetcher.load({ id, uri: `sha1://${id}/name.dat` })));
  t.is(failure.reason, 'file-not-found');
  t.is(failure.message, `This node does not have sha1://${id}/name.dat, and there is nobody else to ask. Check the URI, or store the file on this node first.`);
});

test('progress names the sources, and ends with all of the file', async (t) => {
  const peer = new MemoryPeer('the node').has(content, { chunkBytes });
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  const { told } = await loaded(fetcher.load({ id }));
  const last = told.at(-1)!;
  t.is(last.state, 'verifying');
  t.is(last.loadedBytes, content.byteLength);
  t.is(last.sizeBytes, content.byteLength);
  t.like(last.sources[0], { nodeId: peer.nodeId, label: 'the node', loadedBytes: content.byteLength, problem: '' });
  const loadedBytes = told.map((progress) => progress.loadedBytes);
  t.deepEqual(
    loadedBytes,
    [...loadedBytes].sort((one, other) => one - other),
  );
});

test('what has come of one request is told while the rest is awaited', async (t) => {
  const content = generatedBytes(3_000_000);
  const id = idOf(content);
  const peer = new MemoryPeer('a slow node').has(content);
  peer.messageBytes = 500_000;
  // It sends nothing more before what it has sent is told.
  let toldBytes = 0;
  const bell = new Bell();
  peer.script = async ({ position, bytes }) => {
    while (toldBytes < position) await bell.wait();
    await delay(30);
    return bytes;
  };
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  for await (const event of fetcher.load({ id })) {
    if (event.kind === 'file') break;
    t.is(event.sources[0]?.problem ?? '', '', 'it was not given up before');
    toldBytes = event.loadedBytes;
    bell.ring();
  }
});

test('bytes of a chunk that is under way count, each once, and those of a wrong one are taken off again', async (t) => {
  const large = generatedBytes(30_000_000);
  const peer = new MemoryPeer('the node').has(large, { chunkBytes: 20_000_000 });
  let isWrong = true;
  peer.script = ({ id, position, bytes }) => (id === idOf(large) && isWrong && position > 0 ? damaged(bytes) : bytes);
  const good = new MemoryPeer('another one').has(large, { chunkBytes: 20_000_000 });
  const network = new MemoryNetwork(peer);
  const { fetcher } = await temporaryFetcher(t, network, { timing: { progressMs: 1 } });
  const told: LoadProgress[] = [];
  for await (const event of fetcher.load({ id: idOf(large) })) {
    if (event.kind === 'file') break;
    told.push(event);
    if (event.sources.some(({ problem }) => problem !== '')) {
      isWrong = false;
      if (!network.connected().some(({ nodeId }) => nodeId === good.nodeId)) network.connect(good);
    }
  }
  const counts = told.map(({ loadedBytes }) => loadedBytes);
  t.true(
    counts.some((bytes) => bytes > 0 && bytes < 10_000_000),
    'within the first chunk',
  );
  t.true(counts.every((bytes) => bytes <= large.byteLength));
  t.is(counts.at(-1), large.byteLength);
  t.true(
    counts.some((bytes, index) => bytes < (counts[index - 1] ?? 0)),
    'what was wrong is taken off',
  );
  for (const { sources, loadedBytes } of told) t.true(sources.reduce((sum, source) => sum + source.loadedBytes, 0) <= loadedBytes);
});
