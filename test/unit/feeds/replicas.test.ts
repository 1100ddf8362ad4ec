import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { emptyChain } from '../../../src/core/entry-chain.js';
import { type FeedId } from '../../../src/core/feed-id.js';
import { isForkProof } from '../../../src/core/fork-proof.js';
import { limits } from '../../../src/core/limits.js';
import { parseNodeId } from '../../../src/core/node-id.js';
import { type WatchedBlocks } from '../../../src/feeds/feed-store.js';
import { type LocalFeeds } from '../../../src/feeds/local-feeds.js';
import { type MessageBlock } from '../../../src/feeds/message-block.js';
import { packMessages } from '../../../src/feeds/packed-messages.js';
import { sealAppend } from '../../../src/feeds/seal-append.js';
import { addressOf, appendOf, openFeeds, readAll, textsOf } from '../../support/temporary-feeds.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

interface Pair {
  readonly owner: LocalFeeds;
  readonly replica: LocalFeeds;
  readonly replicaFolder: string;
  readonly id: FeedId;
  readonly key: KeyObject;
}

/** An owner's feed, and a node that has begun a copy of it. */
async function openPair(t: ExecutionContext): Promise<Pair> {
  const [ownerFolder, replicaFolder] = [await temporaryFolder(t), await temporaryFolder(t)];
  const owner = await openFeeds(t, ownerFolder);
  const { id } = await owner.create('samples');
  const replica = await openFeeds(t, replicaFolder);
  await replica.addReplica(id);
  return { owner, replica, replicaFolder, id, key: createPrivateKey(await readFile(join(ownerFolder, 'feed-keys', `${id}.pem`))) };
}

const proven = (feeds: LocalFeeds, id: FeedId, position = 0, name = 'main') => readAll(feeds, id, name, position, { withProofs: true });

/** The block as a plain object, so that it can be changed. */
function plain({ position, count, timestampMs, submitter, previousHash, lastHash, signature, packed }: MessageBlock): MessageBlock {
  return { position, count, timestampMs, submitter, previousHash, lastHash, signature, packed };
}

const flipped = (bytes: Buffer, place = bytes.byteLength - 1): Buffer => Buffer.from(bytes).fill((bytes[place] ?? 0) ^ 1, place, place + 1);

test('what the owner sent is there, is told with the same proofs, and again when the feeds are opened again', async (t) => {
  const { owner, replica, replicaFolder, id } = await openPair(t);
  const submitter = parseNodeId('ab'.repeat(32));
  await owner.append(appendOf(id, 'main', ['a', '', 'c']));
  await owner.setAccessRules(addressOf(id, 'main'), [{ nodeId: submitter, mayWrite: true }]);
  await owner.append(appendOf(id, 'main', ['d'], { submitter }));
  const subfeed = addressOf(id, 'main');
  t.is(await replica.receive({ subfeed, nameJson: '"main"', blocks: await proven(owner, id) }), 4);
  await owner.append(appendOf(id, 'main', ['e']));
  t.is(await replica.receive({ subfeed, blocks: await proven(owner, id, 4) }), 5);
  const expected = (await proven(owner, id)).map(plain);
  const holds = async (feeds: LocalFeeds): Promise<void> => {
    const told = (await proven(feeds, id)).map(plain);
    t.deepEqual(
      told.map((block) => ({ ...block, signature: undefined })),
      expected.map((block) => ({ ...block, signature: undefined })),
    );
    t.deepEqual(told.at(-1)?.signature, expected.at(-1)?.signature);
    t.like(await feeds.findSubfeed(subfeed), { nameJson: '"main"', length: 5, fork: [] });
    t.deepEqual(await feeds.heads([subfeed]), await owner.heads([subfeed]));
    t.deepEqual(await feeds.listHeads(id, undefined, 10), await owner.listHeads(id, undefined, 10));
    t.like(await feeds.find(id), { isWriteable: false, name: undefined });
  };
  await holds(replica);
  await replica.close();
  await holds(await openFeeds(t, replicaFolder));
});

test('a copy passes on to a copy', async (t) => {
  const { owner, replica, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  for (let number = 0; number < 50; number++) await owner.append(appendOf(id, 'main', [String(number), 'x'.repeat(30_000)]));
  await replica.receive({ subfeed, blocks: await proven(owner, id) });
  const third = await openFeeds(t, await temporaryFolder(t));
  await third.addReplica(id);
  await third.receive({ subfeed, blocks: await proven(replica, id) });
  t.deepEqual(textsOf(await readAll(third, id, 'main')), textsOf(await readAll(owner, id, 'main')));
});

test('whoever reads a copy with proofs does not wait long for a signature', async (t) => {
  const { owner, replica, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  const message = 'x'.repeat(30_000);
  for (let number = 0; number < 40; number++) await owner.append(appendOf(id, 'main', [message]));
  await replica.receive({ subfeed, blocks: await proven(owner, id) });
  let unproven = 0;
  for (const { packed, signature } of await proven(replica, id)) {
    unproven += packed.byteLength;
    t.true(unproven <= limits.feedBlockBytes);
    if (signature) unproven = 0;
  }
  t.is(unproven, 0);
});

test('a signature within what was received, which nobody looked at, is told to nobody', async (t) => {
  const { owner, replica, id } = await openPair(t);
  for (const text of ['a', 'b', 'c']) await owner.append(appendOf(id, 'main', [text]));
  const [first, ...rest] = (await proven(owner, id)).map(plain) as [MessageBlock, ...MessageBlock[]];
  await replica.receive({ subfeed: addressOf(id, 'main'), blocks: [{ ...first, signature: flipped(first.signature!) }, ...rest] });
  const told = await readAll(replica, id, 'main', 0, { withProofs: true, maxMessages: 1 });
  t.deepEqual(
    told.map(({ signature }) => signature),
    [undefined, undefined, rest[1]?.signature],
  );
});

test('watchers hear of what is received as of appends', async (t) => {
  const { owner, replica, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  await owner.append(appendOf(id, 'main', ['a', 'b']));
  const watched = replica.watch([{ ...subfeed, position: 1 }], new AbortController().signal)[Symbol.asyncIterator]();
  const news = watched.next();
  await replica.receive({ subfeed, blocks: await proven(owner, id) });
  const { value } = (await news) as IteratorResult<WatchedBlocks, undefined>;
  t.deepEqual(textsOf(value?.blocks ?? []), ['b']);
  await watched.return?.();
});

test('what the key has not signed is refused, and leaves nothing behind', async (t) => {
  const { owner, replica, id } = await openPair(t);
  const stranger = await openFeeds(t, await temporaryFolder(t));
  const other = await stranger.create();
  await stranger.append(appendOf(other.id, 'main', ['x']));
  for (const texts of [['a', 'b'], ['c'], ['d']]) await owner.append(appendOf(id, 'main', texts));
  await owner.append(appendOf(id, 'other', ['a', 'b']));
  const subfeed = addressOf(id, 'main');
  const [first, second, third] = (await proven(owner, id)).map(plain) as [MessageBlock, MessageBlock, MessageBlock];
  const bad: Record<string, readonly MessageBlock[]> = {
    'wrong order': [second, first, third],
    'a gap at the beginning': [second, third],
    'a gap in the middle': [first, third],
    'a changed byte of a message': [first, { ...second, packed: flipped(second.packed) }, third],
    'a changed time': [{ ...first, timestampMs: first.timestampMs + 1 }, second, third],
    'a changed submitter': [{ ...first, submitter: parseNodeId('ab'.repeat(32)) }, second, third],
    'a submitter that is hashed as the owner': [{ ...first, submitter: parseNodeId('00'.repeat(32)) }, second, third],
    'a changed hash before': [first, { ...second, previousHash: flipped(second.previousHash) }, third],
    'a changed hash behind': [first, { ...second, lastHash: flipped(second.lastHash) }, third],
    'a changed signature at the end': [first, second, { ...third, signature: flipped(third.signature!) }],
    'half a signature': [first, second, { ...third, signature: third.signature!.subarray(32) }],
    'the signature of another head': [first, { ...second, signature: third.signature }],
    "another feed's messages": await proven(stranger, other.id),
    "another subfeed's messages": await proven(owner, id, 0, 'other'),
    'no signature': [{ ...first, signature: undefined }],
    'a tail without a signature': [first, second, { ...third, signature: undefined }],
    'an append that was cut': [{ ...first, count: 1, packed: packMessages([Buffer.from('a')]) }],
    'a count that is not that of the messages': [{ ...first, count: 3 }, { ...second, position: 3 }, third],
    'no messages in a block': [first, { ...second, count: 0, packed: Buffer.alloc(0) }, third],
  };
  for (const [what, blocks] of Object.entries(bad)) t.like(await t.throwsAsync(replica.receive({ subfeed, blocks })), { reason: 'content-corrupt' }, what);
  t.like(await t.throwsAsync(replica.receive({ subfeed, nameJson: '"other"', blocks: [first] })), { reason: 'content-corrupt' });
  t.like(await t.throwsAsync(replica.receive({ subfeed, nameJson: ' "main"', blocks: [first] })), { reason: 'content-corrupt' });
  t.like(await replica.findSubfeed(subfeed), { length: 0, nameJson: undefined, fork: [] });
  t.deepEqual((await replica.listSubfeeds(id, undefined, 10)).items, []);
  t.is(await replica.receive({ subfeed, blocks: [first, second, third] }), 4);
});

test('blocks that are larger than they may be are refused', async (t) => {
  const { replica, id, key } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  const messages = Array.from({ length: 3 }, () => Buffer.alloc(limits.feedBlockBytes / 2));
  const [block] = sealAppend(subfeed, emptyChain, { messages: messages.slice(0, 1), timestampMs: 1, submitter: undefined }, key);
  const parts = sealAppend(subfeed, emptyChain, { messages, timestampMs: 1, submitter: undefined }, key);
  t.true(parts.length > 1);
  const joined = { ...parts.at(-1)!, position: 0, count: 3, previousHash: block!.previousHash, packed: packMessages(messages) };
  t.like(await t.throwsAsync(replica.receive({ subfeed, blocks: [joined] })), { reason: 'content-corrupt' });
  t.is(await replica.receive({ subfeed, blocks: parts }), 3);
});

test('what is here already is compared, not written again', async (t) => {
  const { owner, replica, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  for (const texts of [['a', 'b'], ['c', 'd', 'e'], ['f']]) await owner.append(appendOf(id, 'main', texts));
  const blocks = await proven(owner, id);
  t.is(await replica.receive({ subfeed, blocks: blocks.slice(0, 2) }), 5);
  t.is(await replica.receive({ subfeed, blocks: blocks.slice(0, 1) }), 5);
  t.is(await replica.receive({ subfeed, blocks: await proven(owner, id, 3) }), 6);
  t.is(await replica.receive({ subfeed, blocks }), 6);
  t.deepEqual(textsOf(await readAll(replica, id, 'main')), ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('an append that was received in part from its middle on is whole', async (t) => {
  const { owner, replica, id, key } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  await owner.append(appendOf(id, 'main', ['a']));
  await owner.append(appendOf(id, 'main', ['b', 'c', 'd']));
  const [first, second] = (await proven(owner, id)).map(plain) as [MessageBlock, MessageBlock];
  // Nobody cuts appends so but whoever has the key.
  const chain = sealAppend(
    subfeed,
    { length: 1, lastHash: first.lastHash },
    { messages: [Buffer.from('b')], timestampMs: second.timestampMs, submitter: undefined },
    key,
  );
  t.is(await replica.receive({ subfeed, blocks: [first, ...chain] }), 2);
  t.is(await replica.receive({ subfeed, blocks: [second] }), 4);
  t.deepEqual(textsOf(await proven(replica, id)), ['a', 'b', 'c', 'd']);
});

test('many who receive the same at once write it once', async (t) => {
  const { owner, replica, id } = await openPair(t);
  const subfeed = addressOf(id, 'main');
  for (let number = 0; number < 20; number++) await owner.append(appendOf(id, 'main', [String(number)]));
  const blocks = await proven(owner, id);
  const runs = Array.from({ length: 20 }, (_, number) => blocks.slice(0, number + 1));
  await Promise.all(runs.map((run) => replica.receive({ subfeed, blocks: run })));
  t.deepEqual(textsOf(await readAll(replica, id, 'main')), textsOf(blocks));
});

for (const begin of ['from the beginning', 'from where this one ends']) {
  test(`messages of another history, sent ${begin}, prove a fork`, async (t) => {
    const { replica, replicaFolder, id, key } = await openPair(t);
    const subfeed = addressOf(id, 'main');
    const history = (texts: readonly string[]): MessageBlock[] => {
      const blocks: MessageBlock[] = [];
      for (const text of texts) {
        const last = blocks.at(-1);
        const end = last ? { length: last.position + last.count, lastHash: last.lastHash } : emptyChain;
        blocks.push(...sealAppend(subfeed, end, { messages: [Buffer.from(text)], timestampMs: 5, submitter: undefined }, key));
      }
      return blocks;
    };
    await replica.receive({ subfeed, blocks: history(['a', 'b', 'c']) });
    const others = history(['a', 'x', 'y', 'z']);
    const watched = replica.watch([{ ...subfeed, position: 3 }], new AbortController().signal)[Symbol.asyncIterator]();
    const heard = t.throwsAsync(watched.next());
    const blocks = begin === 'from the beginning' ? others : others.slice(3);
    t.like(await t.throwsAsync(replica.receive({ subfeed, blocks })), { reason: 'feed-forked', details: { feed_id: id } });
    t.like(await heard, { reason: 'feed-forked' });
    await replica.close();
    const again = await openFeeds(t, replicaFolder);
    const { fork } = await again.findSubfeed(subfeed);
    t.is(fork.length, 2);
    // From where this one ends there is no length at which both have a head.
    t.is(isForkProof({ first: fork[0]!, second: fork[1]! }), begin === 'from the beginning');
    t.like(await t.throwsAsync(again.receive({ subfeed, blocks: history(['a', 'b', 'c', 'd']) })), { reason: 'feed-forked' });
    t.like(await t.throwsAsync(proven(again, id)), { reason: 'feed-forked' });
  });
}

test('a feed of its own takes nothing from others, nor does one that is not here or was deleted', async (t) => {
  const { owner, replica, id } = await openPair(t);
  await owner.append(appendOf(id, 'main', ['a']));
  const [subfeed, blocks] = [addressOf(id, 'main'), await proven(owner, id)];
  t.like(await t.throwsAsync(owner.receive({ subfeed, blocks })), { reason: 'feed-not-writeable' });
  t.like(await owner.addReplica(id), { isWriteable: true, name: 'samples' });
  const third = await openFeeds(t, await temporaryFolder(t));
  t.like(await t.throwsAsync(third.receive({ subfeed, blocks })), { reason: 'feed-not-found' });
  await replica.receive({ subfeed, blocks });
  await replica.delete(id);
  t.like(await t.throwsAsync(replica.receive({ subfeed, blocks })), { reason: 'feed-not-found' });
  t.like(await t.throwsAsync(replica.addReplica(id)), { reason: 'feed-not-found' });
  t.deepEqual(await replica.heads([subfeed]), [{ subfeed, nameJson: undefined, head: undefined, fork: [] }]);
});

test('a copy cannot be appended to, and its rules cannot be set', async (t) => {
  const { replica, id } = await openPair(t);
  t.like(await t.throwsAsync(replica.append(appendOf(id, 'main', ['a']))), { reason: 'feed-not-writeable' });
  t.like(await t.throwsAsync(replica.setAccessRules(addressOf(id, 'main'), [])), { reason: 'feed-not-writeable' });
});

test('whoever gives up waiting stops the verification', async (t) => {
  const { owner, replica, id } = await openPair(t);
  await owner.append(appendOf(id, 'main', ['a']));
  const signal = AbortSignal.abort(new Error('enough'));
  await t.throwsAsync(replica.receive({ subfeed: addressOf(id, 'main'), blocks: await proven(owner, id) }, { signal }), { message: 'enough' });
});
