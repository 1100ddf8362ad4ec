import { createHash } from 'node:crypto';

import test from 'ava';

import { SimulatedTime } from '../../../../bench/simulation/simulated-time.js';
import { type ContentId, parseContentId } from '../../../../src/core/content-id.js';
import { type NodeId } from '../../../../src/core/node-id.js';
import { channelTag } from '../../../../src/network/channels/channel-tag.js';
import { ContentAnnouncer } from '../../../../src/network/providers/content-announcer.js';
import { type IndexNetwork } from '../../../../src/network/providers/index-network.js';
import { defaultIndexTiming } from '../../../../src/network/providers/index-timing.js';
import { type IndexedChannel } from '../../../../src/network/providers/indexed-channel.js';
import { MemberReach } from '../../../../src/network/providers/member-reach.js';
import { ProviderRecords } from '../../../../src/network/providers/provider-records.js';
import { recordKey } from '../../../../src/network/providers/record-key.js';
import { RendezvousRanking } from '../../../../src/network/providers/rendezvous-ranking.js';
import { silentLog } from '../../../support/linked-node.js';

const [minuteMs, hourMs] = [60_000, 60 * 60_000];
const ids = Array.from({ length: 200 }, (_, index) => parseContentId(createHash('sha1').update(String(index)).digest('hex')));

function channelOf(name: string, members: number): IndexedChannel {
  const address = `https://example.org/${name}.yaml`;
  const nodeIds = Array.from(
    { length: members },
    (_, index) =>
      createHash('sha256')
        .update(`${name}/${String(index)}`)
        .digest('hex') as NodeId,
  );
  return { address, tag: channelTag(address), ranking: new RendezvousRanking(nodeIds) };
}

/** A node whose time passes as the test says, and other members of whom it can reach those that the test lets it. */
function startWorld() {
  const time = new SimulatedTime();
  const told = new Map<string, Set<NodeId>>();
  const world = { channels: [channelOf('one', 60)], areReachable: true, calls: 0 };
  const network: IndexNetwork = {
    ownId: '0'.repeat(64) as NodeId,
    channels: () => world.channels,
    isConnected: () => world.areReachable,
    connect: async () => world.areReachable,
    announce: async (nodeId, _tag, keys) => {
      world.calls += 1;
      for (const key of keys) told.set(key, (told.get(key) ?? new Set()).add(nodeId));
      return keys.length;
    },
    findProviders: async () => [],
  };
  const news = new Set<(id: ContentId) => void>();
  const catalog = {
    async *pages() {
      yield ids;
    },
    watch: (onNew: (id: ContentId) => void) => {
      news.add(onNew);
      return () => news.delete(onNew);
    },
  };
  const reach = new MemberReach(network, time, defaultIndexTiming);
  const parts = { network, reach, records: new ProviderRecords(time), catalog, clock: time, timers: time, random: () => 0.5, log: silentLog };
  const announcer = new ContentAnnouncer(parts, defaultIndexTiming);
  announcer.start();
  const heard = ({ address }: IndexedChannel, of: readonly ContentId[] = ids): number =>
    Math.min(...of.map((id) => told.get(recordKey(address, id))?.size ?? 0));
  const store = (id: ContentId): void => {
    for (const tell of news) tell(id);
  };
  const pass = async (ms: number): Promise<void> => {
    await time.runUntil(() => false, ms);
  };
  return { world, time, told, announcer, heard, store, pass };
}

test('what is here is announced to three members each, and again half a day later; what is new within seconds', async (t) => {
  const { world, announcer, told, heard, store, pass } = startWorld();
  await pass(minuteMs);
  t.is(heard(world.channels[0]!), 3);
  const fresh = parseContentId('ab'.repeat(20));
  store(fresh);
  await pass(5_000);
  t.is(heard(world.channels[0]!, [fresh]), 3);
  told.clear();
  await pass(9 * hourMs);
  t.is(told.size, 0, 'nothing is said meanwhile');
  await pass(8 * hourMs);
  t.is(heard(world.channels[0]!), 3);
  await announcer.close();
});

test('a node that comes before it can reach anybody announces what it has when it can', async (t) => {
  const { world, announcer, heard, pass } = startWorld();
  world.areReachable = false;
  await pass(3 * hourMs);
  t.is(world.calls, 0);
  world.areReachable = true;
  await pass(6 * minuteMs);
  t.is(heard(world.channels[0]!), 3);
  const { calls } = world;
  await pass(5 * hourMs);
  t.is(world.calls, calls, 'once all have heard, there is nothing to repeat');
  await announcer.close();
});

test('a channel that is joined while another one is announced anew, for hours, does not wait for that', async (t) => {
  const { world, announcer, told, heard, pass } = startWorld();
  await pass(minuteMs);
  told.clear();
  for (let passed = 0; told.size === 0; passed += minuteMs) {
    if (passed > 13 * hourMs) return t.fail('nothing was announced again');
    await pass(minuteMs);
  }
  t.is(heard(world.channels[0]!), 0, 'that takes its time');
  const joined = channelOf('other', 60);
  world.channels = [...world.channels, joined];
  announcer.noteChannels();
  await pass(minuteMs);
  t.is(heard(joined), 3);
  t.is(heard(world.channels[0]!), 3);
  await announcer.close();
});
