import test from 'ava';

import { limits } from '../../../src/core/limits.js';
import { type MessageBlock } from '../../../src/feeds/message-block.js';
import { FairShare } from '../../../src/network/serving/fair-share.js';
import { PacedPeers } from '../../../src/network/peers/paced-peers.js';
import { type LoadProgress } from '../../../src/transfer/load-event.js';
import { until } from '../../fault/until.js';
import { idOf } from '../../support/content-of.js';
import { loaded, temporaryFetcher } from '../../support/fetching.js';
import { HandClock } from '../../support/hand-clock.js';
import { linkFeeds } from '../../support/linked-feeds.js';
import { MemoryNetwork, MemoryPeer } from '../../support/memory-network.js';
import { addressOf, appendOf, openFeeds } from '../../support/temporary-feeds.js';
import { collect, generatedBytes, temporaryFolder } from '../../support/temporary-storage.js';

// Fast, since those who wait do so by the clock of the machine too.
const bytesPerSecond = 10_000_000;
const messageBytes = 50_000;

function shareOf(clock: HandClock): FairShare {
  return new FairShare(clock, { bytesPerSecond, transfersPerNode: Infinity, transfers: Infinity });
}

function nodeWith(content: Buffer, label = 'node'): MemoryPeer {
  const node = new MemoryPeer(label).has(content);
  node.messageBytes = messageBytes;
  return node;
}

test('no more comes from all nodes together than may, and what may not come yet is not asked of them', async (t) => {
  const content = generatedBytes(500_000);
  const nodes = [nodeWith(content, 'one'), nodeWith(content, 'two')];
  const clock = new HandClock();
  const peers = new PacedPeers(new MemoryNetwork(...nodes), shareOf(clock));
  let cameBytes = 0;
  const read = async (index: number): Promise<void> => {
    for await (const piece of peers.connected()[index]!.readFile(idOf(content), { start: 0, end: content.byteLength })) cameBytes += piece.byteLength;
  };
  const reading = Promise.all([read(0), read(1)]);
  while (cameBytes < 2 * content.byteLength) {
    clock.nowMs += 5;
    await turns();
    t.true(cameBytes <= (clock.nowMs / 1000) * bytesPerSecond + messageBytes, 'the limit, and one piece');
    const sentBytes = nodes.reduce((sum, node) => sum + node.sentBytes, 0);
    t.true(sentBytes <= cameBytes + 2 * messageBytes, 'each node is at most one piece ahead');
  }
  await reading;
});

test('the same connection is the same peer', (t) => {
  const node = nodeWith(Buffer.from('a'));
  const network = new MemoryNetwork(node);
  const peers = new PacedPeers(network, shareOf(new HandClock()));
  const [first] = peers.connected();
  t.is(peers.connected()[0], first);
  network.disconnect(node);
  network.connect(node);
  t.not(peers.connected()[0], first);
});

for (const [what, sizeBytes] of [
  ['file', 3_000_000],
  ['small file', 300_000],
] as const) {
  test(`a node of which a ${what} is held back here is not taken for silent`, async (t) => {
    const content = generatedBytes(sizeBytes);
    const node = nodeWith(content);
    const clock = new HandClock();
    const fetchClock = new HandClock();
    const peers = new PacedPeers(new MemoryNetwork(node), shareOf(clock));
    const silentMs = 60;
    const { fetcher, store } = await temporaryFetcher(t, peers, { clock: fetchClock, timing: { silentMs } });
    const told: LoadProgress[] = [];
    const load = loaded(noted(fetcher.load({ id: idOf(content) }), told));
    await until('the node has sent something', () => node.sentBytes > 0);
    // Long enough for the patience of whoever waits for the node, by both clocks.
    fetchClock.nowMs += 10 * silentMs;
    await turns(5 * silentMs);
    t.true(node.sentBytes < sizeBytes);
    clock.nowMs = 1_000_000;
    await until('it is here', async () => {
      clock.nowMs += 100_000;
      return (await store.find(idOf(content))) !== undefined;
    });
    await load;
    t.true(content.equals(await collect(store.read(idOf(content)))));
    for (const { sources } of told) for (const { problem } of sources) t.is(problem, '');
  });
}

test('many small files, too, are held back without harm, and a reader that gives up does not wait', async (t) => {
  const contents = Array.from({ length: 30 }, (_, index) => generatedBytes(10_000 + index));
  const node = new MemoryPeer('node');
  for (const content of contents) node.has(content);
  const clock = new HandClock();
  const { fetcher } = await temporaryFetcher(t, new PacedPeers(new MemoryNetwork(node), shareOf(clock)), { timing: { silentMs: 60 } });
  const ids = contents.map(idOf);
  const reading = (async () => {
    const results: unknown[] = [];
    for await (const result of fetcher.readMany(ids)) results.push(result);
    return results;
  })();
  await turns(300);
  const giving = new AbortController();
  const given = fetcher.readMany(ids, { signal: giving.signal }).next();
  giving.abort();
  await t.throwsAsync(given);
  const isOver = reading.then(() => true);
  await until('all came', async () => {
    clock.nowMs += 10_000;
    return Promise.race([isOver, turns().then(() => false)]);
  });
  t.deepEqual(await reading, contents);
});

for (const place of ['sent', 'taken'] as const) {
  test(`messages of feeds count where they are ${place}`, async (t) => {
    const feeds = await openFeeds(t, await temporaryFolder(t));
    const { id } = await feeds.create();
    for (let number = 0; number < 40; number++) await feeds.append(appendOf(id, 'main', [Buffer.alloc(messageBytes, number)]));
    const clock = new HandClock();
    const { peers } = await linkFeeds(t, feeds, place === 'sent' ? { share: shareOf(clock) } : {});
    const asked = place === 'sent' ? peers : new PacedPeers(peers, shareOf(clock));
    let cameBytes = 0;
    const read = async (): Promise<void> => {
      for await (const blocks of asked.connected()[0]!.feeds.readMessages(addressOf(id, 'main'), 0)) cameBytes += sizeOf(blocks);
    };
    const watch = async (): Promise<void> => {
      const ending = new AbortController();
      let watchedBytes = 0;
      const watched = asked.connected()[0]!.feeds.watchMessages([{ ...addressOf(id, 'main'), position: 0 }], { signal: ending.signal });
      for await (const { blocks } of watched) {
        cameBytes += sizeOf(blocks);
        watchedBytes += sizeOf(blocks);
        if (watchedBytes >= 40 * messageBytes) break;
      }
      ending.abort();
    };
    const reading = Promise.all([read(), watch()]);
    const isOver = reading.then(() => true);
    const pageBytes = limits.feedBlockBytes + messageBytes;
    for (let time = 0; time < 50; time++) {
      clock.nowMs += 5;
      await turns();
      t.true(cameBytes <= (clock.nowMs / 1000) * bytesPerSecond + pageBytes, 'the limit, and one page');
    }
    await until('all came', async () => {
      clock.nowMs += 10_000;
      return Promise.race([isOver, turns().then(() => false)]);
    });
    t.true(cameBytes >= 80 * messageBytes);
  });
}

async function* noted<Event extends { readonly kind: string }>(events: AsyncIterable<Event>, told: unknown[]): AsyncGenerator<Event, void, undefined> {
  for await (const event of events) {
    if (event.kind === 'progress') told.push(event);
    yield event;
  }
}

function sizeOf(blocks: readonly MessageBlock[]): number {
  return blocks.reduce((sizeBytes, { packed }) => sizeBytes + packed.byteLength, 0);
}

/** Long enough for what is due at once, or for timers of so many milliseconds. */
function turns(waitMs = 2): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, waitMs));
}
