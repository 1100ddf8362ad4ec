import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { emptyChain } from '../../../src/core/entry-chain.js';
import { signHead } from '../../../src/core/feed-head.js';
import { type FeedId, parseFeedId } from '../../../src/core/feed-id.js';
import { isForkProof } from '../../../src/core/fork-proof.js';
import { type FeedStore, type WatchedBlocks } from '../../../src/feeds/feed-store.js';
import { type MessageBlock } from '../../../src/feeds/message-block.js';
import { packMessages, unpackMessages } from '../../../src/feeds/packed-messages.js';
import { sealAppend } from '../../../src/feeds/seal-append.js';
import { type FeedPeer } from '../../../src/network/feed-peer.js';
import { until } from '../../fault/until.js';
import { connectAll, type FeedNode, introduce, type LocalFeedPeer, openFeedNode } from '../../support/feed-network.js';
import { addressOf, appendOf, openFeeds, readAll, textsOf } from '../../support/temporary-feeds.js';

const noAbort = new AbortController().signal;
const unknown = parseFeedId('ef'.repeat(32));

/** An owner with a feed, and a reader that is connected with it. */
async function openPair(t: ExecutionContext) {
  const owner = await openFeedNode(t, 'owner');
  const reader = await openFeedNode(t, 'reader');
  connectAll(owner, reader);
  return { owner, reader, id: (await owner.feeds.create()).id };
}

async function read(feeds: FeedStore, id: FeedId, name: unknown = 'main', position = 0, maxMessages?: number): Promise<string[]> {
  const blocks: MessageBlock[] = [];
  const options = { withProofs: false, signal: noAbort, ...(maxMessages !== undefined && { maxMessages }) };
  for await (const page of feeds.read(addressOf(id, name), position, options)) blocks.push(...page);
  return textsOf(blocks);
}

/** Follows subfeeds and tells what came, each as `<name>:<message>`. */
function follow(t: ExecutionContext, feeds: FeedStore, id: FeedId, names: readonly string[] = ['main'], position = 0) {
  const controller = new AbortController();
  const watched = names.map((name) => ({ ...addressOf(id, name), position }));
  const iterator = feeds.watch(watched, controller.signal)[Symbol.asyncIterator]() as AsyncIterator<WatchedBlocks, undefined>;
  t.teardown(() => {
    controller.abort();
  });
  const take = async (count: number): Promise<string[]> => {
    const texts: string[] = [];
    while (texts.length < count) {
      const { value } = await iterator.next();
      if (!value) break;
      texts.push(...textsOf(value.blocks).map((text) => `${names[value.index] ?? ''}:${text}`));
    }
    return texts;
  };
  return { controller, take, iterator };
}

const numbers = (start: number, end: number): string[] => Array.from({ length: end - start }, (_, index) => String(start + index));

async function appendAll(node: FeedNode, id: FeedId, texts: readonly string[], name: unknown = 'main'): Promise<void> {
  for (const text of texts) await node.feeds.append(appendOf(id, name, [text]));
}

/** A feed peer of which some calls are others. */
function changed(peer: LocalFeedPeer, change: Partial<FeedPeer>): FeedPeer {
  return new Proxy(peer, { get: (target, name) => (change as Record<string | symbol, unknown>)[name] ?? (Reflect.get(target, name) as unknown) });
}

test("another node's feed is read as one of this node's own, and what came stays", async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['a', 'b']);
  t.deepEqual(await read(reader.networked, id), ['a', 'b']);
  t.deepEqual(await reader.networked.find(id), await reader.feeds.find(id));
  t.like(await reader.networked.find(id), { isWriteable: false });
  t.is((await reader.feeds.findSubfeed(addressOf(id, 'main'))).nameJson, '"main"');
  await appendAll(owner, id, ['c']);
  t.deepEqual(await read(reader.networked, id, 'main', 1), ['b', 'c']);
  reader.peers.disconnect('owner');
  t.deepEqual(await read(reader.networked, id), ['a', 'b', 'c']);
  t.deepEqual(await read(reader.networked, id, 'none'), []);
});

test('a read of what is here asks nobody', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['a', 'b']);
  await read(reader.networked, id);
  const { calls } = reader.peers.peerOf('owner');
  const before = { ...calls };
  t.deepEqual(await read(reader.networked, id, 'main', 0, 2), ['a', 'b']);
  t.deepEqual(calls, before);
});

test('a feed that nobody has is not found; if somebody is missing it may be there', async (t) => {
  const { reader } = await openPair(t);
  t.like(await t.throwsAsync(reader.networked.find(unknown)), { reason: 'feed-not-found' });
  t.like(await t.throwsAsync(read(reader.networked, unknown)), { reason: 'feed-not-found' });
  t.like(await t.throwsAsync(follow(t, reader.networked, unknown).take(1)), { reason: 'feed-not-found' });
  reader.peers.disconnect('owner');
  const failure = await t.throwsAsync(reader.networked.find(unknown));
  t.like(failure, { reason: 'node-unreachable' });
  t.regex(failure.message, /owner \(switched off\)/);
  t.like(await t.throwsAsync((await openFeedNode(t, 'alone')).networked.find(unknown)), { reason: 'feed-not-found' });
});

test('a node that can be reached is connected when a feed is looked for', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['a']);
  reader.peers.disconnect('owner', { isReachable: true });
  t.deepEqual(await read(reader.networked, id), ['a']);
});

test('a copy that was deleted here stays deleted', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['a']);
  await read(reader.networked, id);
  const followed = follow(t, reader.networked, id);
  t.deepEqual(await followed.take(1), ['main:a']);
  const heard = t.throwsAsync(followed.take(1));
  await reader.networked.delete(id);
  t.like(await heard, { reason: 'feed-not-found' });
  for (const attempt of [() => reader.networked.find(id), () => read(reader.networked, id), () => reader.networked.listSubfeeds(id, undefined, 10)]) {
    const failure = await t.throwsAsync(attempt as () => Promise<unknown>);
    t.like(failure, { reason: 'feed-not-found' });
    t.regex(failure.message, /was deleted/);
  }
  t.deepEqual(await read(owner.feeds, id), ['a']);
});

test('many who read at once cause few questions and one transfer', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, numbers(0, 50));
  await reader.networked.find(id);
  const all = await Promise.all(Array.from({ length: 30 }, () => read(reader.networked, id)));
  for (const texts of all) t.deepEqual(texts, numbers(0, 50));
  const { calls } = reader.peers.peerOf('owner');
  t.true(calls.heads <= 2, String(calls.heads));
  t.is(calls.readMessages, 1);
});

test('a reader gets what was appended before it asked, though others asked before', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['0']);
  const early: Promise<string[]>[] = [];
  for (let number = 1; number < 30; number++) {
    early.push(read(reader.networked, id));
    await appendAll(owner, id, [String(number)]);
    early.push(read(reader.networked, id).then((texts) => (t.true(texts.length > number), texts)));
  }
  await Promise.all(early);
});

test('what is far away is sent as it comes to who wants only its beginning', async (t) => {
  const { owner, reader, id } = await openPair(t);
  for (let number = 0; number < 20; number++) await owner.feeds.append(appendOf(id, 'main', [String(number), 'x'.repeat(400_000)]));
  t.deepEqual(await read(reader.networked, id, 'main', 0, 1), ['0']);
});

test('subfeeds are told as connected nodes prove them, without their messages', async (t) => {
  const { owner, reader, id } = await openPair(t);
  for (const name of numbers(0, 25)) await owner.feeds.append(appendOf(id, name, ['a', 'b']));
  const main = addressOf(id, '7');
  const told = await reader.networked.findSubfeed(main);
  t.like(told, { length: 2, nameJson: '"7"', appendedAtMs: undefined });
  t.is((await reader.feeds.findSubfeed(main)).length, 0);
  await read(reader.networked, id, '7');
  t.deepEqual(await reader.networked.findSubfeed(main), await owner.feeds.findSubfeed(main));
  t.deepEqual(await reader.networked.findSubfeed(addressOf(id, 'none')), await owner.feeds.findSubfeed(addressOf(id, 'none')));
  const names: (string | undefined)[] = [];
  let after: Awaited<ReturnType<FeedStore['listSubfeeds']>>['items'][number]['hash'] | undefined;
  for (let hasMore = true; hasMore;) {
    const page = await reader.networked.listSubfeeds(id, after, 10);
    names.push(...page.items.map(({ nameJson }) => nameJson));
    after = page.items.at(-1)?.hash;
    hasMore = page.hasMore;
  }
  const expected = (await owner.feeds.listSubfeeds(id, undefined, 100)).items;
  t.deepEqual(
    names,
    expected.map(({ nameJson }) => nameJson),
  );
  reader.peers.disconnect('owner');
  t.is((await reader.networked.findSubfeed(main)).length, 2);
  t.deepEqual(
    (await reader.networked.listSubfeeds(id, undefined, 100)).items.map(({ nameJson }) => nameJson),
    ['"7"'],
  );
});

test('who follows goes over to a better connection, without a gap', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['0']);
  const followed = follow(t, reader.networked, id);
  t.deepEqual(await followed.take(1), ['main:0']);
  const before = reader.peers.peerOf('owner');
  reader.peers.replace('owner');
  await appendAll(owner, id, ['1']);
  await until('it goes over the other one', () => reader.peers.peerOf('owner').calls.watchMessages === 1);
  before.break();
  await appendAll(owner, id, ['2']);
  t.deepEqual(await followed.take(2), ['main:1', 'main:2']);
  t.deepEqual([before.calls.watchMessages, reader.peers.peerOf('owner').calls.watchMessages], [1, 1]);
});

test('who follows gets what is there and what comes, of many subfeeds in one call', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['0', '1'], 'a');
  const followed = follow(t, reader.networked, id, ['a', 'b', 'c']);
  t.deepEqual(await followed.take(2), ['a:0', 'a:1']);
  await appendAll(owner, id, ['x'], 'b');
  t.deepEqual(await followed.take(1), ['b:x']);
  await appendAll(owner, id, ['2'], 'a');
  t.deepEqual(await followed.take(1), ['a:2']);
  t.is(reader.peers.peerOf('owner').calls.watchMessages, 1);
  await until('the name of a subfeed that came into being', async () => (await reader.feeds.findSubfeed(addressOf(id, 'b'))).nameJson === '"b"');
});

test('a follower goes on without gap or double through losses of the owner', async (t) => {
  const { owner, reader, id } = await openPair(t);
  const { take } = follow(t, reader.networked, id);
  for (let round = 0; round < 10; round++) {
    await appendAll(owner, id, numbers(10 * round, 10 * round + 5));
    t.deepEqual(
      await take(5),
      numbers(10 * round, 10 * round + 5).map((text) => `main:${text}`),
    );
    reader.peers.disconnect('owner');
    await appendAll(owner, id, numbers(10 * round + 5, 10 * round + 10));
    reader.peers.connect('owner');
    t.deepEqual(
      await take(5),
      numbers(10 * round + 5, 10 * round + 10).map((text) => `main:${text}`),
    );
  }
});

test('a call that broke without a loss of the connection is made again', async (t) => {
  const [owner, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'reader')];
  const { id } = await owner.feeds.create();
  let breaks = 5;
  introduce(reader, owner, (peer) =>
    changed(peer, {
      async *watchMessages(subfeeds, options) {
        for await (const news of peer.watchMessages(subfeeds, options)) {
          yield news;
          if (breaks-- > 0) throw new Error('The stream was reset.');
        }
      },
    }),
  );
  const { take } = follow(t, reader.networked, id);
  for (const text of numbers(0, 20)) {
    await appendAll(owner, id, [text]);
    t.deepEqual(await take(1), [`main:${text}`]);
  }
});

test('what is followed by nobody any more is not asked for any more', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['a']);
  const { take, controller, iterator } = follow(t, reader.networked, id);
  await take(1);
  controller.abort();
  t.true((await iterator.next()).done);
  const again = follow(t, reader.networked, id, ['other']);
  await appendAll(owner, id, ['x'], 'other');
  t.deepEqual(await again.take(1), ['other:x']);
  await appendAll(owner, id, ['b']);
  await appendAll(owner, id, ['y'], 'other');
  await again.take(1);
  t.is((await reader.feeds.findSubfeed(addressOf(id, 'main'))).length, 1);
});

test('while the owner is off a copy is read and followed, and the owner again when it is back', async (t) => {
  const [owner, hub, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'hub'), await openFeedNode(t, 'reader')];
  connectAll(owner, hub, reader);
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, ['0', '1']);
  await read(hub.networked, id);
  reader.peers.disconnect('owner');
  t.deepEqual(await read(reader.networked, id), ['0', '1']);
  const atHub = follow(t, hub.networked, id).take(3);
  const { take } = follow(t, reader.networked, id);
  t.deepEqual(await take(2), ['main:0', 'main:1']);
  await appendAll(owner, id, ['2']);
  t.deepEqual(await take(1), ['main:2']);
  t.deepEqual(await atHub, ['main:0', 'main:1', 'main:2']);
  t.is(reader.peers.peerOf('hub').calls.watchMessages, 1);
  reader.peers.connect('owner');
  await until('the owner is followed', () => reader.peers.peerOf('owner').calls.watchMessages === 1);
  reader.peers.disconnect('hub');
  hub.peers.disconnect('owner');
  await appendAll(owner, id, ['3']);
  t.deepEqual(await take(1), ['main:3']);
});

test('a hub between two nodes that cannot reach each other passes on live', async (t) => {
  const [owner, hub, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'hub'), await openFeedNode(t, 'reader')];
  connectAll(owner, hub);
  connectAll(hub, reader);
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, ['0']);
  t.like(await t.throwsAsync(reader.networked.find(id)), { reason: 'feed-not-found' });
  const atHub = follow(t, hub.networked, id);
  await atHub.take(1);
  const { take } = follow(t, reader.networked, id);
  t.deepEqual(await take(1), ['main:0']);
  for (const text of numbers(1, 20)) {
    await appendAll(owner, id, [text]);
    t.deepEqual(await take(1), [`main:${text}`]);
  }
});

test('what others follow here does not make this node follow', async (t) => {
  const [owner, hub, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'hub'), await openFeedNode(t, 'reader')];
  connectAll(owner, hub);
  introduce(reader, hub);
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, ['0']);
  await read(hub.networked, id);
  const { take } = follow(t, reader.networked, id);
  t.deepEqual(await take(1), ['main:0']);
  t.is(hub.peers.peerOf('owner').calls.watchMessages, 0);
});

test('copies that are followed together bring each message once', async (t) => {
  const owner = await openFeedNode(t, 'owner');
  const hubs = await Promise.all(['one', 'two', 'three', 'four'].map((label) => openFeedNode(t, label)));
  const reader = await openFeedNode(t, 'reader');
  const { id } = await owner.feeds.create();
  for (const hub of hubs) {
    connectAll(owner, hub);
    introduce(reader, hub);
    void follow(t, hub.networked, id).take(1_000);
  }
  await appendAll(owner, id, numbers(0, 30));
  const { take } = follow(t, reader.networked, id);
  const expected = (start: number, end: number) => numbers(start, end).map((text) => `main:${text}`);
  t.deepEqual(await take(30), expected(0, 30));
  t.is(hubs.filter(({ label }) => reader.peers.peerOf(label).calls.watchMessages > 0).length, 3);
  for (let number = 30; number < 60; number++) {
    await appendAll(owner, id, [String(number)]);
    if (number === 40) reader.peers.disconnect('one');
    t.deepEqual(await take(1), expected(number, number + 1));
  }
});

test('a node that lies is named and left alone; the honest one next to it is read and followed', async (t) => {
  const [owner, liar, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'liar'), await openFeedNode(t, 'reader')];
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, numbers(0, 10));
  connectAll(owner, liar);
  await read(liar.networked, id);
  const lie = (blocks: readonly MessageBlock[]): MessageBlock[] =>
    blocks.map(({ position, count, timestampMs, submitter, previousHash, lastHash, signature, packed }) => ({
      ...{ position, count, timestampMs, submitter, previousHash, lastHash, signature },
      packed: packMessages([...unpackMessages(packed)].map((message) => Buffer.from(message).fill('!'))),
    }));
  introduce(reader, liar, (peer) =>
    changed(peer, {
      async *readMessages(subfeed, position, options) {
        for await (const blocks of peer.readMessages(subfeed, position, options)) yield lie(blocks);
      },
      async *watchMessages(subfeeds, options) {
        for await (const { index, blocks } of peer.watchMessages(subfeeds, options)) yield { index, blocks: lie(blocks) };
      },
    }),
  );
  const alone = await t.throwsAsync(read(reader.networked, id));
  t.like(alone, { reason: 'sources-failed' });
  t.deepEqual(reader.warnings, ['a node sent what is not genuine; it is not asked for the feed for a while']);
  t.deepEqual(await read(reader.networked, id), []);
  introduce(reader, owner);
  t.deepEqual(await read(reader.networked, id), numbers(0, 10));

  const follower = await openFeedNode(t, 'follower');
  introduce(follower, liar, (peer) =>
    changed(peer, {
      async *watchMessages(subfeeds, options) {
        for await (const { index, blocks } of peer.watchMessages(subfeeds, options)) yield { index, blocks: lie(blocks) };
      },
    }),
  );
  const { take } = follow(t, follower.networked, id);
  const first = take(1);
  await until('the lie is found out', () => follower.warnings.length === 1);
  introduce(follower, owner);
  t.deepEqual(
    await first,
    numbers(0, 10).map((text) => `main:${text}`),
  );
});

test('heads that are not signed are nothing', async (t) => {
  const [owner, liar, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'liar'), await openFeedNode(t, 'reader')];
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, ['a']);
  connectAll(owner, liar);
  await read(liar.networked, id);
  introduce(reader, liar, (peer) =>
    changed(peer, {
      heads: async (subfeeds, options) =>
        (await peer.heads(subfeeds, options)).map((told) => ({ ...told, head: told.head && { ...told.head, length: 1_000, lastHash: Buffer.alloc(32, 1) } })),
      listHeads: async (feedId, after, options) => {
        const page = await peer.listHeads(feedId, after, options);
        return { ...page, items: page.items.map((told) => ({ ...told, head: told.head && { ...told.head, length: 1_000 } })) };
      },
    }),
  );
  t.is((await reader.networked.listSubfeeds(id, undefined, 10)).items.length, 0);
  reader.peers.disconnect('liar');
  introduce(reader, owner);
  t.like(await reader.networked.findSubfeed(addressOf(id, 'main')), { length: 1 });
  t.deepEqual(await read(reader.networked, id), ['a']);
});

test('a slow node is not waited for when another has answered', async (t) => {
  const [owner, slow, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'slow'), await openFeedNode(t, 'reader')];
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, ['a']);
  const never = (): Promise<never> => new Promise(() => undefined);
  introduce(reader, slow, (peer) => changed(peer, { heads: never, findFeeds: never }));
  introduce(reader, owner);
  t.deepEqual(await read(reader.networked, id), ['a']);
});

test('a node that breaks off is gone over to the next one, which goes on', async (t) => {
  const [owner, first, second, reader] = [
    await openFeedNode(t, 'owner'),
    await openFeedNode(t, 'first'),
    await openFeedNode(t, 'second'),
    await openFeedNode(t, 'reader'),
  ];
  const { id } = await owner.feeds.create();
  for (let number = 0; number < 20; number++) await owner.feeds.append(appendOf(id, 'main', [String(number), 'x'.repeat(100_000)]));
  connectAll(owner, first, second);
  for (const hub of [first, second]) await read(hub.networked, id);
  const begun: number[] = [];
  for (const hub of [first, second]) {
    introduce(reader, hub, (peer) =>
      changed(peer, {
        async *readMessages(subfeed, position, options) {
          const isFirst = begun.push(position) === 1;
          let count = 0;
          for await (const blocks of peer.readMessages(subfeed, position, options)) {
            yield blocks;
            count += blocks.length;
            if (isFirst && count >= 10) throw new Error('The stream was reset.');
          }
        },
      }),
    );
  }
  t.is((await read(reader.networked, id)).length, 40);
  t.is(begun.length, 2);
  t.is(begun[0], 0);
  t.true((begun[1] ?? 0) > 0);
});

test('if nobody gives what there is a reader is told so', async (t) => {
  const { owner, id } = await openPair(t);
  const reader = await openFeedNode(t, 'another');
  await appendAll(owner, id, ['a']);
  introduce(reader, owner, (peer) =>
    changed(peer, {
      // eslint-disable-next-line require-yield -- it breaks before it brings anything
      async *readMessages() {
        throw new Error('The stream was reset.');
      },
    }),
  );
  t.like(await t.throwsAsync(read(reader.networked, id)), { reason: 'node-unreachable', details: { length: '0', wanted: '1' } });
});

test('a fork that two nodes show is proven, told and passed on', async (t) => {
  const [owner, reader, third] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'reader'), await openFeedNode(t, 'third')];
  connectAll(owner, reader);
  connectAll(reader, third);
  const { id } = await owner.feeds.create();
  const subfeed = addressOf(id, 'main');
  await appendAll(owner, id, ['a', 'b']);
  await read(reader.networked, id);
  const { take } = follow(t, reader.networked, id, ['main'], 2);
  const heard = t.throwsAsync(take(1));
  await until('the owner is followed', () => reader.peers.peerOf('owner').calls.watchMessages === 1);
  // The owner's node is set back to a copy from before, and goes on from there.
  const key = createPrivateKey(await readFile(join(owner.folder, 'feed-keys', `${id}.pem`)));
  const other = await openFeedNode(t, 'set back');
  await other.feeds.addReplica(id);
  const [first] = sealAppend(subfeed, emptyChain, { messages: [Buffer.from('x')], timestampMs: 1, submitter: undefined }, key);
  const blocks = [
    first!,
    ...sealAppend(subfeed, { length: 1, lastHash: first!.lastHash }, { messages: [Buffer.from('y')], timestampMs: 2, submitter: undefined }, key),
  ];
  await other.feeds.receive({ subfeed, blocks });
  reader.peers.disconnect('owner');
  introduce(reader, other);
  t.like(await t.throwsAsync(read(reader.networked, id)), { reason: 'feed-forked' });
  t.like(await heard, { reason: 'feed-forked' });
  const { fork, length } = await reader.networked.findSubfeed(subfeed);
  t.is(length, 2);
  t.true(isForkProof({ first: fork[0]!, second: fork[1]! }));
  t.like(await t.throwsAsync(read(third.networked, id)), { reason: 'feed-forked' });
  t.deepEqual((await third.networked.findSubfeed(subfeed)).fork, fork);
});

test('a follower finds out at once that the node it follows has another history', async (t) => {
  const { owner, reader, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  await appendAll(owner, id, ['a', 'b']);
  await read(reader.networked, id);
  reader.peers.disconnect('owner');
  const key = createPrivateKey(await readFile(join(owner.folder, 'feed-keys', `${id}.pem`)));
  const other = await openFeedNode(t, 'other');
  await other.feeds.addReplica(id);
  await other.feeds.receive({ subfeed, blocks: sealAppend(subfeed, emptyChain, { messages: [Buffer.from('x')], timestampMs: 1, submitter: undefined }, key) });
  const heard = t.throwsAsync(follow(t, reader.networked, id, ['main'], 2).take(1));
  introduce(reader, other);
  t.like(await heard, { reason: 'feed-forked' });
});

test('one forked subfeed does not end the others', async (t) => {
  const { owner, reader, id } = await openPair(t);
  const key = createPrivateKey(await readFile(join(owner.folder, 'feed-keys', `${id}.pem`)));
  await appendAll(owner, id, ['a'], 'bad');
  await t.throwsAsync(owner.feeds.checkHead(signHead(addressOf(id, 'bad'), { length: 1, lastHash: Buffer.alloc(32, 1) }, key)), { message: /Two histories/ });
  const bad = follow(t, reader.networked, id, ['bad']);
  const good = follow(t, reader.networked, id, ['good']);
  const heard = t.throwsAsync(bad.take(1));
  for (const text of ['0', '1', '2']) {
    await appendAll(owner, id, [text], 'good');
    t.deepEqual(await good.take(1), [`good:${text}`]);
  }
  t.like(await heard, { reason: 'feed-forked' });
});

test('messages are submitted to the owner, by the rules, and come back as any others', async (t) => {
  const { owner, reader, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  const submit = (texts: readonly string[]) => reader.networked.append(appendOf(id, 'main', texts, { submitter: reader.nodeId }));
  t.like(await t.throwsAsync(submit(['x'])), { reason: 'submit-not-allowed' });
  await owner.feeds.setAccessRules(subfeed, [{ nodeId: reader.nodeId, mayWrite: true }]);
  t.like(await submit(['x', 'y']), { position: 0 });
  await appendAll(owner, id, ['z']);
  t.deepEqual(await read(reader.networked, id), ['x', 'y', 'z']);
  t.deepEqual(
    (await readAll(reader.feeds, id, 'main')).map(({ submitter }) => submitter),
    [reader.nodeId, undefined],
  );
  t.like(await t.throwsAsync(reader.networked.append(appendOf(id, 'main', ['x']))), { reason: 'feed-not-writeable' });
});

test('a submission is made once though the first answer is lost', async (t) => {
  const [owner, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'reader')];
  const { id } = await owner.feeds.create();
  await owner.feeds.setAccessRules(addressOf(id, 'main'), [{ nodeId: reader.nodeId, mayWrite: true }]);
  let losses = 1;
  introduce(reader, owner, (peer) =>
    changed(peer, {
      submit: async (request, options) => {
        const appended = await peer.submit(request, options);
        if (losses-- <= 0) return appended;
        reader.peers.disconnect('owner', { isReachable: true });
        peer.break();
        return peer.submit(request, options);
      },
    }),
  );
  t.like(await reader.networked.append(appendOf(id, 'main', ['x'], { submitter: reader.nodeId })), { position: 0 });
  t.is((await owner.feeds.findSubfeed(addressOf(id, 'main'))).length, 1);
});

test('without the owner nothing can be submitted', async (t) => {
  const [owner, hub, reader] = [await openFeedNode(t, 'owner'), await openFeedNode(t, 'hub'), await openFeedNode(t, 'reader')];
  connectAll(owner, hub, reader);
  const { id } = await owner.feeds.create();
  await appendAll(owner, id, ['a']);
  await read(hub.networked, id);
  reader.peers.disconnect('owner');
  const submit = (feedId: FeedId) => reader.networked.append(appendOf(feedId, 'main', ['x'], { submitter: reader.nodeId }));
  const failure = await t.throwsAsync(submit(id));
  t.like(failure, { reason: 'node-unreachable' });
  t.regex(failure.message, /owner \(switched off\)/);
  reader.peers.connect('owner');
  t.like(await t.throwsAsync(submit(unknown)), { reason: 'feed-not-found' });
  const deleted = (await reader.networked.create()).id;
  await reader.networked.delete(deleted);
  t.like(await t.throwsAsync(submit(deleted)), { reason: 'feed-not-found' });
});

test("this node's own feeds are nobody else's business", async (t) => {
  const { owner, reader } = await openPair(t);
  const { id } = await owner.networked.create('mine');
  const { calls } = owner.peers.peerOf('reader');
  await owner.networked.append(appendOf(id, 'main', ['a']));
  t.deepEqual(await read(owner.networked, id), ['a']);
  t.is((await owner.networked.findSubfeed(addressOf(id, 'main'))).length, 1);
  t.is((await owner.networked.listSubfeeds(id, undefined, 10)).items.length, 1);
  t.deepEqual(await follow(t, owner.networked, id).take(1), ['main:a']);
  t.is((await owner.networked.findByName('mine')).id, id);
  t.deepEqual(Object.values(calls), [0, 0, 0, 0, 0, 0]);
  t.deepEqual((await reader.networked.list(undefined, 10)).items, []);
});

test('who closes ends everything under way', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, ['a']);
  const { take } = follow(t, reader.networked, id);
  await take(1);
  await reader.replication.close();
  await reader.replication.close();
  await appendAll(owner, id, ['b']);
  await t.throwsAsync(reader.replication.locate(unknown), undefined);
  t.is((await reader.feeds.findSubfeed(addressOf(id, 'main'))).length, 1);
});

test('a copy goes on where it was when its node was restarted', async (t) => {
  const { owner, reader, id } = await openPair(t);
  await appendAll(owner, id, numbers(0, 5));
  await read(reader.networked, id);
  await reader.replication.close();
  await reader.feeds.close();
  const feeds = await openFeeds(t, reader.folder);
  await appendAll(owner, id, numbers(5, 10));
  t.deepEqual(textsOf(await readAll(feeds, id, 'main')), numbers(0, 5));
  const [head] = await owner.feeds.heads([addressOf(id, 'main')]);
  t.is(
    await feeds.receive({ subfeed: addressOf(id, 'main'), blocks: await readAll(owner.feeds, id, 'main', 5, { withProofs: true }) }),
    head?.head?.length ?? 0,
  );
});
