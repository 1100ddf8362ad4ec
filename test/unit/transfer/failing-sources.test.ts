import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import test from 'ava';

import { KacheryError } from '../../../src/core/failure.js';
import { formatManifest } from '../../../src/core/manifest.js';
import { idOf, manifestBytes, manifestOf } from '../../support/content-of.js';
import { failureOf, loaded, temporaryFetcher } from '../../support/fetching.js';
import { damaged, MemoryNetwork, MemoryPeer, stall } from '../../support/memory-network.js';
import { collect, generatedBytes } from '../../support/temporary-storage.js';

const content = generatedBytes(3_000_000);
const id = idOf(content);
const chunkBytes = 200_000;
const large = generatedBytes(45_000_000);
const standardChunkBytes = 20_000_000;

function nodes(count: number, bytes = content, cut: { readonly chunkBytes?: number } = { chunkBytes }): MemoryPeer[] {
  return Array.from({ length: count }, (_, index) => new MemoryPeer(`node ${String(index)}`).has(bytes, cut));
}

test('a node that sends wrong bytes is named and asked no more; the others bring the file', async (t) => {
  const [good, liar] = nodes(2) as [MemoryPeer, MemoryPeer];
  liar.script = ({ id: of, bytes }) => (of === id ? damaged(bytes) : bytes);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(liar, good));
  const { told } = await loaded(fetcher.load({ id }));
  t.true(content.equals(await collect(store.read(id))));
  const facts = told.at(-1)!.sources.find(({ nodeId }) => nodeId === liar.nodeId)!;
  t.is(facts.problem, 'it sent wrong bytes');
  t.is(facts.loadedBytes, 0);
});

test('if everything that comes is wrong, the failure names who sent it, and nothing is stored', async (t) => {
  const peers = nodes(2);
  for (const peer of peers) peer.script = ({ id: of, bytes }) => (of === id ? damaged(bytes) : bytes);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(...peers));
  const failure = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(failure.reason, 'sources-failed');
  t.regex(failure.message, /node 0 \([0-9a-f]{8}…\): it sent wrong bytes; node 1 .*it sent wrong bytes/);
  t.is(await store.find(id), undefined);
});

for (const chunk of [standardChunkBytes, undefined]) {
  test(`of a chunk that several nodes sent, ${chunk === undefined ? 'the whole file, ' : ''}the one that lied is found out`, async (t) => {
    const peers = nodes(3, large, chunk === undefined ? {} : { chunkBytes: chunk });
    const liar = peers[1]!;
    liar.script = ({ id: of, bytes }) => (of === idOf(large) ? damaged(bytes) : bytes);
    const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(...peers));
    const reader = fetcher.read({ id: idOf(large) }, { start: 0, end: 30_000_000 });
    t.true(large.subarray(0, 30_000_000).equals(await collect(reader)));
    const { told } = await loaded(fetcher.load({ id: idOf(large) }));
    t.true(large.equals(await collect(store.read(idOf(large)))));
    if (chunk !== undefined) {
      for (const { nodeId, problem } of told.at(-1)!.sources) t.is(problem !== '', nodeId === liar.nodeId, 'only the liar is blamed');
    }
  });
}

test('a node that lied several times is not asked for anything for a while', async (t) => {
  const liar = new MemoryPeer('liar');
  const files = Array.from({ length: 4 }, (_, index) => Buffer.from(`file ${String(index)}`));
  for (const file of files) liar.has(file);
  liar.script = ({ bytes }) => damaged(bytes);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(liar));
  for (const file of files.slice(0, 3)) t.is((await failureOf(t, loaded(fetcher.load({ id: idOf(file) })))).reason, 'sources-failed');
  const lookups = liar.lookups.length;
  const failure = await failureOf(t, loaded(fetcher.load({ id: idOf(files[3]!) })));
  t.is(failure.reason, 'sources-failed');
  t.regex(failure.message, /liar .* sent wrong bytes 3 times/);
  t.is(liar.lookups.length, lookups);
});

test('a manifest of another file, and one that is not a manifest, are lies', async (t) => {
  const other = generatedBytes(3_000_001).subarray(1);
  const wrongText = Buffer.from(formatManifest({ ...manifestOf(other, chunkBytes), sha1: id }));
  const liar = new MemoryPeer('liar')
    .has(wrongText)
    .has(other)
    .has(content, { claim: { manifestId: idOf(wrongText) } });
  // It sends what its manifest says.
  liar.script = ({ id: of, bytes, position }) => (of === id ? Buffer.from(other.subarray(position, position + bytes.byteLength)) : bytes);
  const fool = new MemoryPeer('fool').has(Buffer.from('{}')).has(content, { claim: { manifestId: idOf(Buffer.from('{}')) } });
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(liar, fool));
  const failure = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(failure.reason, 'sources-failed');
  t.regex(failure.message, /liar .*manifest that is not of this file.*fool .*manifest that is not of this file/);
  t.deepEqual(await readdir(join(store.dir, 'partial')), []);

  const network = new MemoryNetwork(new MemoryPeer('liar').has(wrongText).has(content, { claim: { manifestId: idOf(wrongText) } }), ...nodes(1));
  const second = await temporaryFetcher(t, network);
  await loaded(second.fetcher.load({ id }));
  t.true(content.equals(await collect(second.store.read(id))));
});

test('who named a wrong manifest and is lost is waited for, and then done without, at whatever moment the wait ends', async (t) => {
  const wrong = Buffer.from(formatManifest({ ...manifestOf(generatedBytes(3_000_001).subarray(1), chunkBytes), sha1: id }));
  for (let waitForSourceMs = 20; waitForSourceMs < 40; waitForSourceMs += 1) {
    const liar = new MemoryPeer('liar').has(wrong).has(content, { claim: { manifestId: idOf(wrong) } });
    const network = new MemoryNetwork(liar, new MemoryPeer('good').has(content));
    liar.script = ({ id: of, bytes }) => {
      if (of === id) network.disconnect(liar);
      return bytes;
    };
    // Time passes between any two looks at the clock.
    let nowMs = 0;
    const clock = { now: () => (nowMs += 1) };
    const { fetcher, store } = await temporaryFetcher(t, network, { clock, timing: { waitForSourceMs, tickMs: 2, retryMs: 5 } });
    await loaded(fetcher.load({ id }));
    t.truthy(await store.find(id));
  }
});

test('a manifest that the URI names decides, also about the size', async (t) => {
  const manifest = Buffer.from(formatManifest(manifestOf(content, 150_000)));
  const short = nodes(2, content, {}).map((peer) => peer.has(content, { claim: { sizeBytes: 5 } }));
  const good = new MemoryPeer('good').has(content).has(manifest);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(...short, good));
  await loaded(fetcher.load({ id, manifestId: idOf(manifest) }));
  t.true(content.equals(await collect(store.read(id))));
  t.is(short[0]!.askedBytesOf(id), 0);
});

test('if nobody claims the size of the manifest that the URI names, that is told', async (t) => {
  const small = generatedBytes(100_000);
  for (const bytes of [small, content]) {
    const peer = new MemoryPeer('node').has(bytes, { chunkBytes: 30_000 }).has(bytes, { claim: { sizeBytes: bytes.byteLength + 1 } });
    const manifestId = idOf(manifestBytes(manifestOf(bytes, 30_000)));
    const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
    const failure = await failureOf(t, loaded(fetcher.load({ id: idOf(bytes), manifestId })));
    t.is(failure.reason, 'sources-failed');
    t.regex(failure.message, new RegExp(`claims that the file has ${String(bytes.byteLength + 1)} bytes, unlike its manifest`));
  }
});

test('a manifest that the URI names and nobody has does not matter', async (t) => {
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(...nodes(1)));
  await loaded(fetcher.load({ id, manifestId: idOf(Buffer.from('nobody has it')) }));
  t.true(content.equals(await collect(store.read(id))));
});

for (const claim of [
  { sizeBytes: 100 },
  { sizeBytes: 2_999_999 },
  { sizeBytes: 3_000_001 },
  { sizeBytes: Number.MAX_SAFE_INTEGER },
  { sizeBytes: -1 },
  { sizeBytes: 0.5 },
]) {
  test(`nodes that claim that the file has ${String(claim.sizeBytes)} bytes do not keep another from bringing it`, async (t) => {
    const liars = nodes(2, content, {}).map((peer) => peer.has(content, { claim }));
    const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(...liars, new MemoryPeer('good').has(content)));
    await loaded(fetcher.load({ id }));
    t.true(content.equals(await collect(store.read(id))));
  });
}

test('a node that sends more or less than it was asked for is dropped', async (t) => {
  const [less, more, good] = nodes(3, content, {}) as [MemoryPeer, MemoryPeer, MemoryPeer];
  less.script = ({ bytes }) => bytes.subarray(1);
  more.script = ({ bytes }) => Buffer.concat([bytes, bytes]);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(less, more));
  const failure = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(failure.reason, 'sources-failed');
  const second = await temporaryFetcher(t, new MemoryNetwork(less, more, good), { storage: store });
  await loaded(second.fetcher.load({ id }));
  t.true(content.equals(await collect(store.read(id))));
});

test('what a silent node was asked for is asked of another one', async (t) => {
  const [silent, good] = nodes(2, large, { chunkBytes: standardChunkBytes }) as [MemoryPeer, MemoryPeer];
  silent.script = ({ id: of, bytes, position }) => (of === idOf(large) && position > 1_000_000 ? stall() : bytes);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(silent, good), { timing: { silentMs: 60_000 } });
  await loaded(fetcher.load({ id: idOf(large) }));
  t.true(large.equals(await collect(store.read(idOf(large)))));
});

test('a node that was lost in the middle is waited for, by name, and goes on where it was', async (t) => {
  const [peer] = nodes(1) as [MemoryPeer];
  const network = new MemoryNetwork(peer);
  let sent = 0;
  peer.script = ({ id: of, bytes }) => {
    if (of === id) sent += bytes.byteLength;
    if (sent > 1_500_000 && sent < 2_000_000) {
      sent = 2_000_000;
      network.disconnect(peer);
    }
    return bytes;
  };
  const { fetcher, store } = await temporaryFetcher(t, network, { timing: { waitForSourceMs: 60_000 } });
  const states: string[] = [];
  for await (const event of fetcher.load({ id })) {
    if (event.kind === 'file') continue;
    states.push(event.state);
    if (event.state !== 'waiting' || network.connected().length > 0) continue;
    t.is(event.sources[0]?.problem, 'the connection broke');
    network.connect(peer);
  }
  t.true(states.includes('waiting'));
  t.true(content.equals(await collect(store.read(id))));
  t.true(peer.askedBytesOf(id) <= content.byteLength + 2 * 4_194_304);
});

test('a node that does not come back is waited for as long as is said, and what came is kept', async (t) => {
  const [peer] = nodes(1) as [MemoryPeer];
  const network = new MemoryNetwork(peer);
  peer.script = ({ id: of, bytes, position }) => {
    if (of === id && position >= 1_000_000) network.disconnect(peer, 'host is down');
    return bytes;
  };
  const { fetcher, store } = await temporaryFetcher(t, network, { timing: { waitForSourceMs: 300 } });
  const failure = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(failure.reason, 'node-unreachable');
  t.regex(failure.message, /node 0 .*the connection broke/);
  const kept = (await store.partials.open(id))!;
  t.true(kept.loadedBytes >= 600_000);
  await kept.close();
});

const removals: Record<string, (network: MemoryNetwork, peer: MemoryPeer) => void> = {
  'it says so': () => {
    throw new KacheryError('not-authorized', 'no channel lists the caller');
  },
  'it says so when it is connected again': (network, peer) => {
    network.disconnect(peer, 'the channel does not list this node', { hasRefused: true });
  },
  'no channel lists it here': (network, peer) => {
    network.remove(peer);
  },
};
for (const [how, remove] of Object.entries(removals)) {
  test(`a node that does not serve this one any more is not waited for: ${how}`, async (t) => {
    const [peer, other] = nodes(2) as [MemoryPeer, MemoryPeer];
    const network = new MemoryNetwork(peer);
    peer.script = ({ id: of, bytes, position }) => {
      if (of === id && position >= 1_000_000) remove(network, peer);
      return bytes;
    };
    const { fetcher, store } = await temporaryFetcher(t, network);
    const failure = await failureOf(t, loaded(fetcher.load({ id })));
    t.is(failure.reason, 'not-authorized');
    t.regex(failure.message, /do not serve this node any more, .*: node 0 .*lists?\b/);
    network.connect(other);
    await loaded(fetcher.load({ id }));
    t.true(content.equals(await collect(store.read(id))));
    t.true(other.askedBytesOf(id) <= content.byteLength - 600_000, 'what had come was kept');
  });
}

test('beside one that does not serve this node any more, another one that is lost is waited for', async (t) => {
  const [barred, lost] = nodes(2, large, { chunkBytes: standardChunkBytes }) as [MemoryPeer, MemoryPeer];
  const network = new MemoryNetwork(barred, lost);
  for (const peer of [barred, lost])
    peer.script = ({ id: of, bytes, position }) => {
      if (of === idOf(large) && position % standardChunkBytes > 5_000_000) network.disconnect(peer, 'why', { hasRefused: peer === barred });
      return bytes;
    };
  const { fetcher, store } = await temporaryFetcher(t, network, { timing: { waitForSourceMs: 60_000 } });
  for await (const event of fetcher.load({ id: idOf(large) })) {
    if (event.kind === 'file' || event.state !== 'waiting') continue;
    lost.script = ({ bytes }) => bytes;
    network.connect(lost);
  }
  t.true(large.equals(await collect(store.read(idOf(large)))));
});

test('a file that nobody has, and nodes that cannot be asked', async (t) => {
  const [has, hasNot, lost, broken] = ['has', 'has not', 'lost', 'broken'].map((name) => new MemoryPeer(name)) as [
    MemoryPeer,
    MemoryPeer,
    MemoryPeer,
    MemoryPeer,
  ];
  has.has(content);
  const network = new MemoryNetwork(hasNot);
  const { fetcher } = await temporaryFetcher(t, network);
  const nobody = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(nobody.reason, 'file-not-found');
  t.regex(nobody.message, /has not .*does not have it/);
  network.connect(lost);
  network.disconnect(lost, 'connection refused');
  const unreachable = await failureOf(t, loaded(fetcher.load({ id })));
  t.is(unreachable.reason, 'node-unreachable');
  t.regex(unreachable.message, /lost .*connection refused.*Asked in vain: has not/);
  t.is((await failureOf(t, loaded(fetcher.load({ id }, { sources: { nodeId: hasNot.nodeId } })))).reason, 'file-not-found');
  t.is((await failureOf(t, loaded(fetcher.load({ id }, { sources: { nodeId: has.nodeId } })))).reason, 'not-authorized');
  t.is((await failureOf(t, loaded(fetcher.load({ id }, { sources: { channel: 'x' } })))).reason, 'channel-not-joined');
  network.connect(broken);
  broken.beforeLookup = () => Promise.reject(new KacheryError('daemon-stopping', 'it is stopping'));
  t.regex((await failureOf(t, loaded(fetcher.load({ id })))).message, /broken .*it is stopping/);
  // Nodes that are only connected on demand are found, too.
  network.connect(has);
  network.disconnect(has);
  network.reachable.add(has);
  const { told } = await loaded(fetcher.load({ id }));
  t.true(told.some(({ state }) => state === 'connecting'));
});

test('a node that does not answer a lookup does not keep one that has it from sending', async (t) => {
  const [silent, good] = nodes(2) as [MemoryPeer, MemoryPeer];
  silent.beforeLookup = stall;
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(silent, good), { timing: { silentMs: 60_000 } });
  await loaded(fetcher.load({ id }));
  t.is(silent.askedBytesOf(id), 0);
});

test('a busy node is asked again, one that has removed the file is not', async (t) => {
  const [busy, gone] = nodes(2) as [MemoryPeer, MemoryPeer];
  let refusals = 2;
  busy.script = ({ id: of, bytes }) => {
    if (of === id && refusals-- > 0) throw new KacheryError('too-busy', 'it is busy');
    return bytes;
  };
  const network = new MemoryNetwork(gone);
  const { fetcher, store } = await temporaryFetcher(t, network);
  gone.script = ({ id: of, bytes }) => {
    if (of === id) throw new KacheryError('file-not-found', 'gone');
    return bytes;
  };
  t.is((await failureOf(t, loaded(fetcher.load({ id })))).reason, 'file-not-found');
  network.connect(busy);
  await loaded(fetcher.load({ id }));
  t.true(content.equals(await collect(store.read(id))));
  t.true(refusals < 0);
});
