import { type ServerWritableStream, status } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { type ReadMessagesRequest } from '../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { MessageBatch, ReadMessagesResponse } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { isKacheryError, KacheryError } from '../../src/core/failure.js';
import { parseFeedId } from '../../src/core/feed-id.js';
import { limits } from '../../src/core/limits.js';
import { subfeedOfName } from '../../src/core/subfeed.js';
import { type WatchedBlocks } from '../../src/feeds/feed-store.js';
import { type MessageBlock } from '../../src/feeds/message-block.js';
import { type EncodedMessages } from '../../src/rpc/feeds/encoded-messages.js';
import { type LinkedFeedsOptions, linkFeeds } from '../support/linked-feeds.js';
import { addressOf, appendOf, openFeeds, readAll, textsOf } from '../support/temporary-feeds.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const unknown = parseFeedId('ef'.repeat(32));

async function openServed(t: ExecutionContext, options: LinkedFeedsOptions = {}) {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const { id } = await feeds.create();
  const member = { isAuthorized: true };
  const authorize = (): void => {
    if (!member.isAuthorized) throw new KacheryError('not-authorized', 'No channel authorises you.');
  };
  return { feeds, id, member, ...(await linkFeeds(t, feeds, { authorize, ...options })) };
}

async function collect(pages: AsyncIterable<readonly MessageBlock[]>): Promise<MessageBlock[]> {
  const blocks: MessageBlock[] = [];
  for await (const page of pages) blocks.push(...page);
  return blocks;
}

const plain = ({ position, count, timestampMs, submitter, previousHash, lastHash, signature, packed }: MessageBlock) => ({
  ...{ position, count, timestampMs, submitter, previousHash, lastHash, signature, packed },
});

test('messages come with their proofs as they are kept there', async (t) => {
  const { feeds, id, remote, callerId: nodeId } = await openServed(t);
  await feeds.setAccessRules(addressOf(id, 'main'), [{ nodeId, mayWrite: true }]);
  await feeds.append(appendOf(id, 'main', ['', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(20_000)]));
  await feeds.append(appendOf(id, 'main', ['submitted'], { submitter: nodeId }));
  await feeds.append(appendOf(id, 'main', [Buffer.alloc(limits.maxFeedMessageBytes, 1), Buffer.alloc(300_000, 2), 'c']));
  const expected = await readAll(feeds, id, 'main', 0, { withProofs: true });
  t.deepEqual((await collect(remote.readMessages(addressOf(id, 'main'), 0))).map(plain), expected.map(plain));
  const rest = await collect(remote.readMessages(addressOf(id, 'main'), 4, { maxMessages: 1 }));
  t.deepEqual(
    rest.map(({ position, count }) => [position, count]),
    [[4, 1]],
  );
  t.deepEqual(await collect(remote.readMessages(addressOf(id, 'none'), 0)), []);
});

test('a copy takes over what came through a connection', async (t) => {
  const { feeds, id, remote } = await openServed(t);
  for (let number = 0; number < 300; number++) await feeds.append(appendOf(id, 'main', [String(number)]));
  const replica = await openFeeds(t, await temporaryFolder(t));
  await replica.addReplica(id);
  const subfeed = addressOf(id, 'main');
  t.is(await replica.receive({ subfeed, blocks: await collect(remote.readMessages(subfeed, 0)) }), 300);
  t.deepEqual(textsOf(await readAll(replica, id, 'main')), textsOf(await readAll(feeds, id, 'main')));
});

test('feeds and heads are told, of what is not there nothing', async (t) => {
  const { feeds, id, remote } = await openServed(t);
  const replica = await feeds.addReplica(unknown);
  await feeds.append(appendOf(id, 'main', ['a', 'b']));
  await feeds.append(appendOf(id, { other: 1 }, ['c']));
  const absent = parseFeedId('12'.repeat(32));
  t.deepEqual(await remote.findFeeds([absent, replica.id, id]), [
    { id: replica.id, isWriteable: false },
    { id, isWriteable: true },
  ]);
  const subfeeds = [addressOf(id, 'main'), addressOf(absent, 'main'), addressOf(id, { other: 1 })];
  t.deepEqual(await remote.heads(subfeeds), await feeds.heads(subfeeds));
  t.deepEqual(await remote.listHeads(id, undefined), await feeds.listHeads(id, undefined, 10));
  const { items } = await feeds.listHeads(id, undefined, 10);
  t.deepEqual(await remote.listHeads(id, items[0]?.subfeed.subfeedHash), { items: items.slice(1), hasMore: false });
});

test('failures come with their reasons', async (t) => {
  const { feeds, id, remote, member } = await openServed(t);
  await feeds.append(appendOf(id, 'main', ['a']));
  const cases = {
    'feed-not-found': () => collect(remote.readMessages(addressOf(unknown, 'main'), 0)),
    'position-beyond-end': () => collect(remote.readMessages(addressOf(id, 'main'), 2)),
    'submit-not-allowed': () => remote.submit({ feedId: id, subfeed: subfeedOfName('main'), messages: [Buffer.from('x')] }),
    'too-large': () => remote.findFeeds(Array<typeof id>(limits.maxPeerBatchFeeds + 1).fill(id)),
    'invalid-argument': () => remote.watchMessages([]).next(),
  };
  for (const [reason, attempt] of Object.entries(cases)) t.like(await t.throwsAsync(attempt), { reason }, reason);
  t.like(await t.throwsAsync(remote.listHeads(unknown, undefined)), { reason: 'feed-not-found' });
  member.isAuthorized = false;
  const attempts = [
    () => remote.findFeeds([id]),
    () => remote.heads([addressOf(id, 'main')]),
    () => remote.listHeads(id, undefined),
    () => remote.readMessages(addressOf(id, 'main'), 0).next(),
    () => remote.watchMessages([{ ...addressOf(id, 'main'), position: 0 }]).next(),
    () => remote.submit({ feedId: id, subfeed: subfeedOfName('main'), messages: [Buffer.from('x')] }),
  ];
  for (const attempt of attempts) t.like(await t.throwsAsync(attempt as () => Promise<unknown>), { reason: 'not-authorized' }, attempt.toString());
});

test('a watch brings what is there and what is appended, until the caller is not authorised any more', async (t) => {
  const { feeds, id, remote, member } = await openServed(t);
  await feeds.append(appendOf(id, 'b', ['0', '1']));
  const watched = remote.watchMessages([
    { ...addressOf(id, 'a'), position: 0 },
    { ...addressOf(id, 'b'), position: 1 },
  ]);
  const next = async () => ((await watched.next()) as IteratorResult<WatchedBlocks, undefined>).value;
  const first = await next();
  t.deepEqual([first?.index, textsOf(first?.blocks ?? [])], [1, ['1']]);
  const news = next();
  await feeds.append(appendOf(id, 'a', ['x']));
  const second = await news;
  t.deepEqual([second?.index, textsOf(second?.blocks ?? [])], [0, ['x']]);
  const refused = t.throwsAsync(next());
  member.isAuthorized = false;
  await feeds.append(appendOf(id, 'a', ['y']));
  t.like(await refused, { reason: 'not-authorized' });
});

test('a submission is appended in the name of its node, once', async (t) => {
  const { feeds, id, remote, callerId: nodeId } = await openServed(t);
  await feeds.setAccessRules(addressOf(id, 'main'), [{ nodeId, mayWrite: true }]);
  const request = { feedId: id, subfeed: subfeedOfName('main'), messages: [Buffer.from('x')], requestId: 'request-0123456789' };
  const appended = await remote.submit(request);
  t.deepEqual(await remote.submit(request), appended);
  t.deepEqual(
    (await readAll(feeds, id, 'main')).map(({ submitter }) => submitter),
    [nodeId],
  );
  t.is((await feeds.findSubfeed(addressOf(id, 'main'))).nameJson, '"main"');
  const byHash = { ...request, subfeed: { hash: subfeedOfName('main').hash, nameJson: undefined }, requestId: undefined };
  t.is((await remote.submit(byHash)).position, 1);
});

test('a node has so many watches open and no more', async (t) => {
  const { feeds, id, remote } = await openServed(t);
  await feeds.append(appendOf(id, 'main', ['x']));
  const watch = () => remote.watchMessages([{ ...addressOf(id, 'main'), position: 0 }]);
  const open = Array.from({ length: limits.maxPeerWatches }, watch);
  await Promise.all(open.map((watched) => watched.next()));
  t.like(await t.throwsAsync(watch().next()), { reason: 'too-busy' });
  await open[0]?.return();
  // The other side hears of the end a little later.
  for (;;) {
    const again = watch();
    const heard = await again.next().catch((error: unknown) => error);
    if (!(heard instanceof KacheryError)) break;
    t.is(heard.reason, 'too-busy');
  }
  for (const watched of open) await watched.return();
});

test('a node that goes away, says nothing or is not needed any more ends a call', async (t) => {
  const silent = async (_call: ServerWritableStream<ReadMessagesRequest, EncodedMessages>): Promise<void> => undefined;
  const { feeds, id, remote, stop } = await openServed(t, {
    silentMs: 200,
    change: (handlers) => ({ ...handlers, readMessages: (call) => void silent(call) }),
  });
  await feeds.append(appendOf(id, 'main', ['x']));
  t.like(await t.throwsAsync(collect(remote.readMessages(addressOf(id, 'main'), 0))), { reason: 'node-unreachable' });
  const controller = new AbortController();
  const given = t.throwsAsync(collect(remote.readMessages(addressOf(id, 'main'), 0, { signal: controller.signal })));
  controller.abort();
  t.like(await given, { reason: 'cancelled' });
  const watched = remote.watchMessages([{ ...addressOf(id, 'main'), position: 0 }]);
  await watched.next();
  const lost = t.throwsAsync(watched.next());
  await stop();
  // Whether the node's last word or the end of the connection comes first is open.
  const last = await lost;
  t.true(isKacheryError(last, 'node-unreachable') || isKacheryError(last, 'daemon-stopping'));
  t.like(await t.throwsAsync(remote.findFeeds([id])), { reason: 'node-unreachable' });
});

test('malformed answers are refused', async (t) => {
  const { feeds, id } = await openServed(t);
  await feeds.append(appendOf(id, 'main', ['a', 'b']));
  const [block] = await readAll(feeds, id, 'main', 0, { withProofs: true });
  const { previousHash, lastHash, signature = Buffer.alloc(0), timestampMs } = block!;
  const batch = (more: Partial<MessageBatch>): MessageBatch =>
    MessageBatch.fromPartial({
      messages: [Buffer.from('a'), Buffer.from('b')],
      appendedAt: { seconds: BigInt(Math.floor(timestampMs / 1000)), nanos: (timestampMs % 1000) * 1_000_000 },
      proof: { previousHash, lastHash, signature },
      ...more,
    } as MessageBatch);
  const answers: Record<string, Buffer> = {
    'no messages': encode(batch({ messages: [] })),
    'no proof': encode(batch({ proof: undefined })),
    'half a hash': encode(batch({ proof: { previousHash, lastHash: lastHash.subarray(1), signature } })),
    'half a signature': encode(batch({ proof: { previousHash, lastHash, signature: signature.subarray(1) } })),
    'no time': encode(batch({ appendedAt: undefined })),
    'a time beyond all calendars': encode(batch({ appendedAt: { seconds: 2n ** 60n, nanos: 0 } })),
    'a position that cannot be counted': encode(batch({ position: 2n ** 63n })),
    'a submitter that is none': encode(batch({ submitterNodeId: 'somebody' })),
    'a message that is too large': encode(batch({ messages: [Buffer.alloc(limits.maxFeedMessageBytes + 1)] })),
    'a batch that is too large': encode(batch({ messages: [Buffer.alloc(limits.feedBlockBytes), Buffer.alloc(1)] })),
    'a batch of too many': encode(batch({ messages: Array<Buffer>(limits.maxAppendMessages + 1).fill(Buffer.alloc(0)) })),
    'half a message': encode(batch({})).subarray(0, 20),
    'no protobuf': Buffer.from('What is this?'),
    'a size that goes beyond its batch': Buffer.from([0x0a, 0x02, 0x0a, 0x7f]),
  };
  let answer: Buffer = Buffer.alloc(0);
  const served = await openServed(t, {
    change: (handlers) => ({
      ...handlers,
      readMessages: (call) => {
        call.write({ data: answer, headroomBytes: 0 });
        call.end();
      },
    }),
  });
  const read = () => collect(served.remote.readMessages(addressOf(id, 'main'), 0));
  answer = encode(batch({}));
  t.deepEqual((await read()).map(plain), [plain(block!)]);
  for (const [what, encoded] of Object.entries(answers)) {
    answer = Buffer.from(encoded);
    t.like(await t.throwsAsync(read), { reason: 'content-corrupt' }, what);
  }
  // Valid, though nobody writes it so: the messages behind the other fields, and a size in more bytes than it needs.
  const parts = [MessageBatch.encode(batch({ messages: [] })).finish(), Buffer.from([0x0a, 0x81, 0x00, 0x61, 0x0a, 0x01, 0x62])];
  const inner = Buffer.concat(parts);
  answer = Buffer.concat([Buffer.from([0x0a, 0x80 | (inner.byteLength & 0x7f), inner.byteLength >> 7]), inner]);
  t.deepEqual((await read()).map(plain), [plain(block!)]);
});

test('answers about other feeds than those that were asked for are refused', async (t) => {
  const head = { length: 1n, lastHash: Buffer.alloc(32), signature: Buffer.alloc(64) };
  const hash = subfeedOfName('main').hash;
  let heads: object[] = [];
  const { id, remote } = await openServed(t, {
    change: (handlers) => ({
      ...handlers,
      findFeeds: (_call, callback) => {
        callback(null, { feeds: [{ feedId: unknown, isWriteable: true }] });
      },
      getHeads: (_call, callback) => {
        callback(null, { heads: heads as never });
      },
      listHeads: (_call, callback) => {
        callback(null, { heads: heads as never, hasMore: true });
      },
      submitMessages: (_call, callback) => {
        callback({ code: status.UNAVAILABLE, details: 'gone' });
      },
    }),
  });
  t.like(await t.throwsAsync(remote.findFeeds([id])), { reason: 'content-corrupt' });
  const good = { subfeedHash: hash, nameJson: '"main"', head, fork: [] };
  const other = subfeedOfName('other').hash;
  const bad: Record<string, object[]> = {
    'too few': [],
    'too many': [good, good],
    'another subfeed': [{ ...good, subfeedHash: other, nameJson: undefined }],
    'another name': [{ ...good, nameJson: '"other"' }],
    'no name': [{ ...good, nameJson: 'main' }],
    'a head of length 0': [{ ...good, head: { ...head, length: 0n } }],
    'a head that is none': [{ ...good, head: { ...head, signature: Buffer.alloc(1) } }],
    'a fork of three': [{ ...good, fork: [head, head, head] }],
  };
  heads = [good];
  t.is((await remote.heads([addressOf(id, 'main')]))[0]?.head?.length, 1);
  t.is((await remote.listHeads(id, undefined)).items.length, 1);
  for (const [what, some] of Object.entries(bad)) {
    heads = some;
    t.like(await t.throwsAsync(remote.heads([addressOf(id, 'main')])), { reason: 'content-corrupt' }, what);
  }
  for (const some of [[], [good, good], [{ ...good, subfeedHash: 'x' }]]) {
    heads = some;
    t.like(await t.throwsAsync(remote.listHeads(id, undefined)), { reason: 'content-corrupt' });
  }
  heads = [good];
  t.like(await t.throwsAsync(remote.listHeads(id, hash)), { reason: 'content-corrupt' });
  t.like(await t.throwsAsync(remote.submit({ feedId: id, subfeed: subfeedOfName('main'), messages: [Buffer.from('x')] })), { reason: 'node-unreachable' });
});

function encode(batch: MessageBatch): Buffer {
  return Buffer.from(ReadMessagesResponse.encode({ batches: [batch] }).finish());
}
