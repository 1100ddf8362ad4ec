import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { systemClock } from '../../../src/core/clock.js';
import { isKacheryError } from '../../../src/core/failure.js';
import { limits } from '../../../src/core/limits.js';
import { type Peers } from '../../../src/network/peer.js';
import { type LocalStorage } from '../../../src/storage/local-storage.js';
import { type MirrorFacts } from '../../../src/transfer/mirrors/mirror-facts.js';
import { Mirrors, type MirrorsParts } from '../../../src/transfer/mirrors/mirrors.js';
import { mirrorTimes } from '../../../src/transfer/mirrors/mirror-times.js';
import { until } from '../../fault/until.js';
import { idOf } from '../../support/content-of.js';
import { temporaryFetcher } from '../../support/fetching.js';
import { silentLog } from '../../support/linked-node.js';
import { damaged, MemoryNetwork, MemoryPeer } from '../../support/memory-network.js';
import { collect, generatedBytes, temporaryFolder } from '../../support/temporary-storage.js';

const times = { ...mirrorTimes, firstRetryMs: 20, maxRetryMs: 100, checkMs: 50, checkMsPerFile: 0 };
const content = generatedBytes(400_000);
const uri = `sha1://${idOf(content)}`;

interface World {
  readonly mirrors: Mirrors;
  readonly store: LocalStorage;
  readonly path: string;
  readonly facts: (uri?: string) => MirrorFacts | undefined;
}

async function open(t: ExecutionContext, peers: Peers, path?: string, seen: (store: LocalStorage) => MirrorsParts['store'] = (store) => store): Promise<World> {
  const listPath = path ?? join(await temporaryFolder(t), 'mirrors.json');
  const { fetcher, store } = await temporaryFetcher(t, peers);
  const noFeeds = {
    feeds: { heads: notAsked, listSubfeeds: notAsked },
    replication: { locate: notAsked, follow: notAsked, findSubfeed: notAsked, listSubfeeds: notAsked, hasSource: notAsked },
  };
  const mirrors = await Mirrors.open(
    listPath,
    { ...noFeeds, store: seen(store), fetcher, peers, clock: systemClock, random: Math.random, log: silentLog },
    times,
  );
  t.teardown(() => mirrors.close());
  return { mirrors, store, path: listPath, facts: (of = uri) => mirrors.list().find((mirror) => mirror.uri === of) };
}

function notAsked(): never {
  throw new Error('feeds were asked for');
}

async function complete({ facts }: World, of = uri): Promise<MirrorFacts> {
  return until('the mirror is complete', () => {
    const now = facts(of);
    return now?.state === 'complete' ? now : undefined;
  });
}

test('a file is brought here, and again when it is lost here', async (t) => {
  const world = await open(t, new MemoryNetwork(new MemoryPeer('owner').has(content)));
  await world.mirrors.add(`${uri}/a-label.dat`);
  const facts = await complete(world);
  t.like(facts, { loadedBytes: content.byteLength, sizeBytes: content.byteLength, loadedFiles: 1, files: 1, problem: '' });
  t.true(facts.completedAtMs !== undefined && facts.completedAtMs >= facts.addedAtMs);
  await world.store.delete(idOf(content));
  await until('it is here again', async () => (await world.store.find(idOf(content))) !== undefined);
  t.true(content.equals(await collect(world.store.read(idOf(content)))));
});

test('what nobody has is tried again until somebody has it, and what is wrong is told', async (t) => {
  const owner = new MemoryPeer('owner');
  const world = await open(t, new MemoryNetwork(owner));
  await world.mirrors.add(uri);
  const waiting = await until('it waits', () => {
    const now = world.facts();
    return now?.state === 'waiting' ? now : undefined;
  });
  t.regex(waiting.problem, /no/i);
  t.true(waiting.retryAtMs !== undefined);
  t.is(waiting.completedAtMs, undefined);
  owner.has(content);
  t.is((await complete(world)).problem, '');
});

test('a node that comes back is asked at once, whatever the pause', async (t) => {
  const owner = new MemoryPeer('owner').has(content);
  const network = new MemoryNetwork(owner);
  network.disconnect(owner);
  const world = await open(t, network);
  await world.mirrors.add(uri);
  await until('it waits', () => world.facts()?.state === 'waiting');
  network.connect(owner);
  await complete(world);
  t.pass();
});

test('what is mirrored is remembered; what is removed is not, and stays here', async (t) => {
  const network = new MemoryNetwork(new MemoryPeer('owner').has(content));
  const world = await open(t, network);
  const other = `sha1://${idOf(Buffer.from('other'))}`;
  await Promise.all([world.mirrors.add(uri), world.mirrors.add(other), world.mirrors.add(uri)]);
  await complete(world);
  await world.mirrors.remove(`${other}/label`);
  const missing = await t.throwsAsync(world.mirrors.remove(other));
  t.true(isKacheryError(missing, 'mirror-not-found'), String(missing));
  await world.mirrors.close();
  t.true(isKacheryError(await t.throwsAsync(world.mirrors.add(other)), 'daemon-stopping'));
  const again = await open(t, network, world.path);
  t.deepEqual(
    again.mirrors.list().map((mirror) => mirror.uri),
    [uri],
  );
  await complete(again);
  await again.mirrors.remove(uri);
  t.true((await again.store.find(idOf(content))) !== undefined);
  t.deepEqual(JSON.parse(await readFile(world.path, 'utf8')), { mirrors: [] });
});

test('all files of a directory are mirrored, or of a part of it, and one that cannot be had does not keep the others away', async (t) => {
  const files = Array.from({ length: 12 }, (_, index) => Buffer.from(`file ${String(index)}`));
  const entry = (index: number) => ({ size: files[index]!.byteLength, sha1: idOf(files[index]!) });
  const listing = Buffer.from(
    JSON.stringify({
      files: { a: entry(0), 'not a file': { sha1: 'x' }, hidden: entry(1) },
      dirs: {
        hidden: { files: { b: entry(2) } },
        deep: { files: {}, dirs: { er: { files: Object.fromEntries(files.slice(3).map((_, index) => [index, entry(index + 3)])) } } },
      },
    }),
  );
  const owner = new MemoryPeer('owner').has(listing);
  for (const file of files.slice(0, 11)) owner.has(file);
  const world = await open(t, new MemoryNetwork(owner));
  const all = `sha1dir://${idOf(listing)}`;
  await world.mirrors.add(`${all}.label`);
  await world.mirrors.add(`${all}/deep`);
  await world.mirrors.add(`${all}/hidden/b`);
  const waiting = await until('it waits', () => {
    const now = world.facts(all);
    return now?.state === 'waiting' ? now : undefined;
  });
  t.like(waiting, { files: 11, loadedFiles: 10 });
  t.regex(waiting.problem, /1 of the 11 files .* The first is "deep\/er\/8": /);
  for (const index of [0, 2, 3, 10]) t.true((await world.store.find(idOf(files[index]!))) !== undefined, String(index));
  t.is(await world.store.find(idOf(files[1]!)), undefined, 'a directory hides a file of the same name');
  t.like(await complete(world, `${all}/hidden/b`), { files: 1, loadedFiles: 1 });
  owner.has(files[11]!);
  t.like(await complete(world, all), { files: 11, loadedFiles: 11, problem: '' });
  t.like(await complete(world, `${all}/deep`), { files: 9, loadedFiles: 9 });
  await world.store.delete(idOf(files[5]!));
  await until('it is here again', async () => (await world.store.find(idOf(files[5]!))) !== undefined);
});

test('of many directories, one listing is in memory at a time', async (t) => {
  const owner = new MemoryPeer('owner');
  const listings = Array.from({ length: 2 * limits.maxMirrorWalks }, (_, index) =>
    Buffer.from(JSON.stringify({ files: { missing: { size: 1, sha1: String(index).padStart(40, '0') } } })),
  );
  for (const listing of listings) owner.has(listing);
  const reads = { open: 0, atOnce: 0 };
  const world = await open(t, new MemoryNetwork(owner), undefined, (store) => ({
    find: (id) => store.find(id),
    readWhole: async (id, maxBytes) => {
      reads.atOnce = Math.max(reads.atOnce, ++reads.open);
      try {
        const content = await store.readWhole(id, maxBytes);
        await new Promise((resolve) => setImmediate(resolve));
        return content;
      } finally {
        reads.open -= 1;
      }
    },
  }));
  await Promise.all(listings.map((listing) => world.mirrors.add(`sha1dir://${idOf(listing)}`)));
  await until('all of them were tried', () => world.mirrors.list().every(({ files, problem }) => files === 1 && problem !== ''));
  t.is(reads.atOnce, limits.maxMirrorListings);
});

test('what cannot be mirrored is refused, and a list that is none is named', async (t) => {
  const world = await open(t, new MemoryNetwork());
  for (const [wrong, reason] of [
    ['http://example.org', 'invalid-uri'],
    ['feed://x', 'invalid-uri'],
    [`sha1://${'0'.repeat(40)}?chunkOf=${'1'.repeat(40)}~0~5`, 'invalid-argument'],
  ] as const) {
    const error = await t.throwsAsync(world.mirrors.add(wrong));
    t.true(isKacheryError(error, reason), String(error));
  }
  const path = join(await temporaryFolder(t), 'mirrors.json');
  await writeFile(path, '{"mirrors": [{"uri": "nonsense"}]}');
  const error = await t.throwsAsync(open(t, new MemoryNetwork(), path));
  t.true(isKacheryError(error, 'content-corrupt'), String(error));
  t.regex(String(error), /mirrors\.json/);
});

test('bytes that are wrong are not kept, and the problem says who sent them', async (t) => {
  const liar = new MemoryPeer('liar').has(content);
  liar.script = ({ bytes }) => damaged(bytes);
  const world = await open(t, new MemoryNetwork(liar));
  await world.mirrors.add(uri);
  const waiting = await until('it waits', () => {
    const now = world.facts();
    return now?.state === 'waiting' ? now : undefined;
  });
  t.regex(waiting.problem, /liar/);
  t.is(await world.store.find(idOf(content)), undefined);
});
