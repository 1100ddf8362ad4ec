import test from 'ava';

import { until } from '../../fault/until.js';
import { formatManifest } from '../../../src/core/manifest.js';
import { idOf, manifestBytes, manifestOf } from '../../support/content-of.js';
import { failureOf, loaded, temporaryFetcher } from '../../support/fetching.js';
import { damaged, MemoryNetwork, MemoryPeer } from '../../support/memory-network.js';
import { collect, generatedBytes, openStorage, temporaryFolder } from '../../support/temporary-storage.js';

const content = generatedBytes(3_000_000);
const id = idOf(content);
const chunkBytes = 200_000;
const named = { id, manifestId: idOf(manifestBytes(manifestOf(content, chunkBytes))) };

/** Resolves when the signal is aborted. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
    if (signal.aborted) resolve();
  });
}

function node(label = 'node'): MemoryPeer {
  return new MemoryPeer(label).has(content, { chunkBytes });
}

test('a range brings only the chunks that it touches, and the second time nothing', async (t) => {
  const peer = node();
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  const range = { start: 450_000, end: 910_000 };
  for (let time = 0; time < 3; time += 1) {
    t.true(content.subarray(range.start, range.end).equals(await collect(fetcher.read(named, range))));
    t.is(peer.askedBytesOf(id), 600_000);
  }
  t.is(await store.find(id), undefined);
  const lookups = peer.lookups.length;
  await fetcher.close();
  const again = await temporaryFetcher(t, new MemoryNetwork(peer), { storage: store });
  t.true(content.subarray(410_000, 420_000).equals(await collect(again.fetcher.read(named, { start: 410_000, end: 420_000 }))));
  t.is(peer.lookups.length, lookups, 'nobody is asked for what is here');
});

test('a range that another run of the program fetched is read without the network', async (t) => {
  const dir = await temporaryFolder(t);
  const first = await openStorage(t, dir);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(node()), { storage: first });
  await collect(fetcher.read(named, { start: 0, end: 500_000 }));
  await fetcher.close();
  await first.close();
  const { fetcher: second } = await temporaryFetcher(t, new MemoryNetwork(), { storage: await openStorage(t, dir) });
  t.true(content.subarray(0, 500_000).equals(await collect(second.read(named, { start: 0, end: 500_000 }))));
  t.is((await failureOf(t, collect(second.read(named, { start: 0, end: 1_000_000 })))).reason, 'file-not-found');
});

test('when the last chunk came with a range, the file is stored', async (t) => {
  const peer = node();
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  for (let start = 0; start < content.byteLength; start += 500_000) {
    t.true(content.subarray(start, start + 500_000).equals(await collect(fetcher.read(named, { start, end: start + 500_000 }))));
  }
  await until('the file is stored', () => store.find(id));
  t.true(content.equals(await collect(fetcher.read(named, { start: 0 }))));
  t.is(peer.askedBytesOf(id), content.byteLength);
});

test('a whole file is read while it comes, with the wanted headroom', async (t) => {
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(node('one'), node('other')));
  const pieces: Buffer[] = [];
  for await (const piece of fetcher.read(named, { start: 0 }, { headroomBytes: 100 })) {
    t.true(piece.byteOffset >= 100);
    pieces.push(piece);
  }
  t.true(content.equals(Buffer.concat(pieces)));
});

test('small files and files without a manifest can be read in parts', async (t) => {
  const peer = new MemoryPeer('node').has(content).has(content.subarray(0, 1_000)).has(Buffer.alloc(0));
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  t.true(content.subarray(5, 2_000_000).equals(await collect(fetcher.read({ id }, { start: 5, end: 2_000_000 }))));
  t.true(content.subarray(5, 10).equals(await collect(fetcher.read({ id: idOf(content.subarray(0, 1_000)) }, { start: 5, end: 10 }))));
  t.is((await collect(fetcher.read({ id: idOf(Buffer.alloc(0)) }, { start: 0 }))).byteLength, 0);
});

test('what only a node says of the chunks of a file is not believed before the whole is verified', async (t) => {
  const peer = node();
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  t.true(content.subarray(5, 10).equals(await collect(fetcher.read({ id }, { start: 5, end: 10 }))));
  t.truthy(await store.find(id));
  const forged = Buffer.concat([Buffer.from('forged'), content.subarray(6)]);
  const manifest = Buffer.from(formatManifest({ ...manifestOf(forged, chunkBytes), sha1: id }));
  const liar = new MemoryPeer('liar').has(manifest).has(forged, { claim: { id, manifestId: idOf(manifest) } });
  const lied = await temporaryFetcher(t, new MemoryNetwork(liar));
  t.is((await failureOf(t, collect(lied.fetcher.read({ id }, { start: 0, end: 10 })))).reason, 'sources-failed');
  const both = await temporaryFetcher(t, new MemoryNetwork(liar, node('honest')));
  t.true(content.subarray(0, 10).equals(await collect(both.fetcher.read({ id }, { start: 0, end: 10 }))));
});

test('ranges that cannot be are refused', async (t) => {
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(node()));
  t.is((await failureOf(t, collect(fetcher.read(named, { start: 5, end: 4 })))).reason, 'invalid-range');
  t.is((await failureOf(t, collect(fetcher.read(named, { start: 0, end: 3_000_001 })))).reason, 'range-beyond-end');
  t.is((await failureOf(t, collect(fetcher.read(named, { start: 3_000_001 })))).reason, 'range-beyond-end');
  t.is((await collect(fetcher.read(named, { start: 3_000_000 }))).byteLength, 0);
  t.is((await failureOf(t, collect(fetcher.read({ id: idOf(Buffer.from('nobody')) }, { start: 0, end: 1 })))).reason, 'file-not-found');
});

test('no wrong byte is handed on', async (t) => {
  const liar = node();
  liar.script = ({ id: of, bytes, position }) => (of === id && position >= 1_000_000 ? damaged(bytes) : bytes);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(liar));
  const pieces: Buffer[] = [];
  const reading = (async () => {
    for await (const piece of fetcher.read(named, { start: 0 })) pieces.push(Buffer.from(piece));
  })();
  t.is((await failureOf(t, reading)).reason, 'sources-failed');
  t.true(content.subarray(0, Buffer.concat(pieces).byteLength).equals(Buffer.concat(pieces)));
});

test('a reader who reads on is fetched ahead of, also in calls of their own', async (t) => {
  const peer = node();
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  await collect(fetcher.read(named, { start: 0, end: 200_000 }));
  t.is(peer.askedBytesOf(id), 200_000, 'a first range is nothing but itself');
  await collect(fetcher.read(named, { start: 200_000, end: 400_000 }));
  await until('the next chunks were asked for', () => peer.askedBytesOf(id) === 800_000);
  await collect(fetcher.read(named, { start: 2_000_000, end: 2_100_000 }));
  t.true(peer.askedBytesOf(id) <= 1_000_000);
});

test('who asks for the same file shares one download; it ends with the last of them, and what is verified is kept', async (t) => {
  const peer = node();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  peer.script = async ({ id: of, bytes, position }) => {
    if (of === id && position >= 1_000_000) await held;
    return bytes;
  };
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  const leavers = Array.from({ length: 10 }, () => new AbortController());
  const left = leavers.map(({ signal }) => failureOf(t, loaded(fetcher.load({ id }, { signal }))));
  const stayers = Array.from({ length: 40 }, () => loaded(fetcher.load({ id })));
  await until('a part has come', () => peer.sentBytes > 1_000_000);
  for (const leaver of leavers) leaver.abort();
  for (const failure of await Promise.all(left)) t.is(failure.reason, 'cancelled');
  release();
  for (const { file } of await Promise.all(stayers)) t.is(file.sizeBytes, content.byteLength);
  t.is(peer.askedBytesOf(id), content.byteLength);
  t.truthy(await store.find(id));
});

test('when the last one has gone, nothing more is asked; the next one goes on', async (t) => {
  const peer = node();
  let isHeld = true;
  peer.script = async ({ id: of, bytes, position, signal }) => {
    if (of === id && position >= 1_000_000 && isHeld) await abortOf(signal);
    return bytes;
  };
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  const abort = new AbortController();
  const loading = failureOf(t, loaded(fetcher.load({ id }, { signal: abort.signal })));
  await until('a part has come', () => peer.sentBytes > 1_000_000);
  abort.abort();
  t.is((await loading).reason, 'cancelled');
  await until('no request is under way', () => peer.openRequests === 0);
  isHeld = false;
  await loaded(fetcher.load({ id }));
  t.true(content.equals(await collect(store.read(id))));
  t.true(peer.askedBytesOf(id) < 2 * content.byteLength);
});

test('who joins with other nodes widens the sources', async (t) => {
  const [slow, other] = [node('slow'), node('other')];
  slow.script = async ({ id: of, bytes, position, signal }) => {
    if (of === id && position >= 500_000) await abortOf(signal);
    return bytes;
  };
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(slow, other));
  const first = loaded(fetcher.load({ id }, { sources: { nodeId: slow.nodeId } }));
  await until('a part has come', () => slow.sentBytes > 500_000);
  t.is(other.lookups.length, 0);
  await loaded(fetcher.load({ id }));
  t.is((await first).file.id, id);
  t.true(other.sentBytes > 0);
});

test('closing ends what is under way', async (t) => {
  const peer = node();
  peer.script = ({ id: of, bytes, signal }) => (of === id ? abortOf(signal).then(() => bytes) : bytes);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  const loading = failureOf(t, loaded(fetcher.load({ id })));
  const reading = failureOf(t, collect(fetcher.read(named, { start: 0, end: 1 })));
  await until('it was asked', () => peer.openRequests > 0);
  await fetcher.close();
  t.is((await loading).reason, 'cancelled');
  t.is((await reading).reason, 'cancelled');
  t.is((await failureOf(t, loaded(fetcher.load({ id })))).reason, 'daemon-stopping');
  await until('no request is under way', () => peer.openRequests === 0);
});

test('who has a file is told as each answers', async (t) => {
  const [one, late, hasNot] = [node('one'), node('late'), new MemoryPeer('has not')];
  let answer = (): void => undefined;
  late.beforeLookup = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const network = new MemoryNetwork(one, late, hasNot);
  const { fetcher } = await temporaryFetcher(t, network);
  const found = fetcher.find(id);
  t.like((await found.next()).value, { nodeId: one.nodeId, label: 'one', file: { sizeBytes: content.byteLength } });
  answer();
  t.like((await found.next()).value, { nodeId: late.nodeId });
  t.true((await found.next()).done);
  const nobody = idOf(Buffer.from('nobody'));
  late.beforeLookup = () => undefined;
  t.true((await fetcher.find(nobody).next()).done);
  network.disconnect(late);
  t.is((await failureOf(t, fetcher.find(nobody).next())).reason, 'node-unreachable');
});
