import test from 'ava';

import { type ContentId } from '../../../src/core/content-id.js';
import { KacheryError } from '../../../src/core/failure.js';
import { type FileFetcher } from '../../../src/transfer/file-fetcher.js';
import { idOf } from '../../support/content-of.js';
import { failureOf, temporaryFetcher } from '../../support/fetching.js';
import { damaged, MemoryNetwork, MemoryPeer, stall } from '../../support/memory-network.js';
import { generatedBytes } from '../../support/temporary-storage.js';

const pool = generatedBytes(8_000_000);
const files = Array.from({ length: 1_700 }, (_, index) => pool.subarray(index * 4_096, (index + 1) * 4_096));
const ids = files.map(idOf);

async function all(fetcher: FileFetcher, wanted: readonly ContentId[]): Promise<(Buffer | KacheryError)[]> {
  const results: (Buffer | KacheryError)[] = [];
  for await (const result of fetcher.readMany(wanted)) results.push(result);
  return results;
}

function reasons(results: readonly (Buffer | KacheryError)[]): (string | undefined)[] {
  return results.map((result) => (result instanceof KacheryError ? result.reason : undefined));
}

test('many small files come from one node in few requests, in their order, and are stored', async (t) => {
  const peer = new MemoryPeer('node');
  for (const file of files) peer.has(file);
  const { fetcher, store } = await temporaryFetcher(t, new MemoryNetwork(peer));
  const results = await all(fetcher, ids);
  t.true(results.every((result, index) => result instanceof Buffer && files[index]!.equals(result)));
  t.deepEqual(await store.missing(ids), []);
  t.true(peer.lookups.length <= 4);
  t.is((await all(fetcher, [])).length, 0);
});

test('what one node lies about, or loses, comes from another; what nobody has fails alone', async (t) => {
  const [liar, short, good] = ['liar', 'short', 'good'].map((name) => new MemoryPeer(name)) as [MemoryPeer, MemoryPeer, MemoryPeer];
  for (const file of files.slice(0, 600)) {
    liar.has(file);
    short.has(file);
    good.has(file);
  }
  liar.script = ({ bytes }) => damaged(bytes);
  short.readFiles = async function* () {
    yield undefined;
  };
  const large = pool.subarray(0, 1_048_577);
  good.has(large);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(liar, short, good));
  const nobody = idOf(Buffer.from('nobody has it'));
  const results = await all(fetcher, [...ids.slice(0, 600), nobody, idOf(large), ids[0]!]);
  t.true(results.slice(0, 600).every((result, index) => result instanceof Buffer && files[index]!.equals(result)));
  t.deepEqual(reasons(results.slice(600)), ['file-not-found', 'too-large', undefined]);
  const failure = results[600] as KacheryError;
  t.regex(failure.message, /good .*does not have it/);
});

test('a node that is silent or lost does not keep others from sending, and is named', async (t) => {
  const [silent, good] = ['silent', 'good'].map((name) => new MemoryPeer(name)) as [MemoryPeer, MemoryPeer];
  for (const file of files.slice(0, 10)) silent.has(file);
  for (const file of files.slice(0, 5)) good.has(file);
  silent.script = stall;
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(silent, good), { timing: { silentMs: 200 } });
  const results = await all(fetcher, ids.slice(0, 10));
  t.deepEqual(reasons(results), [...Array.from({ length: 5 }, () => undefined), ...Array.from({ length: 5 }, () => 'node-unreachable')]);
  t.regex((results[9] as KacheryError).message, /silent .*did not answer/);
});

test('without nodes, and with ones that cannot be reached', async (t) => {
  const network = new MemoryNetwork();
  const { fetcher } = await temporaryFetcher(t, network);
  t.deepEqual(reasons(await all(fetcher, ids.slice(0, 2))), ['file-not-found', 'file-not-found']);
  const lost = new MemoryPeer('lost').has(files[0]!);
  network.connect(lost);
  network.disconnect(lost);
  t.deepEqual(reasons(await all(fetcher, ids.slice(0, 2))), ['node-unreachable', 'node-unreachable']);
  network.reachable.add(lost);
  t.deepEqual(reasons(await all(fetcher, ids.slice(0, 2))), [undefined, 'file-not-found']);
});

test('a reader who stops, or is cancelled, ends what is under way', async (t) => {
  const peer = new MemoryPeer('node');
  for (const file of files) peer.has(file);
  const { fetcher } = await temporaryFetcher(t, new MemoryNetwork(peer));
  for await (const result of fetcher.readMany(ids)) {
    t.true(result instanceof Buffer);
    break;
  }
  peer.script = stall;
  const abort = new AbortController();
  const reading = failureOf(t, fetcher.readMany(ids, { signal: abort.signal }).next());
  abort.abort();
  t.is((await reading).reason, 'cancelled');
});
