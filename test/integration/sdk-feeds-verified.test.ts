import test, { type ExecutionContext } from 'ava';

import { MessageBatch } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { connect, type Subfeed } from '../../src/client/index.js';
import { fails } from '../contract/client-contract.js';
import { startTestDaemon } from '../support/daemon.js';
import { FeedCalls } from '../support/feed-calls.js';
import { startLyingDaemon } from '../support/lying-daemon.js';
import { bearer, connectRpc } from '../support/rpc-clients.js';
import { allItems, connectSdk, take } from '../support/sdk-client.js';
import { sharedBefore } from '../support/suite-resources.js';
import { temporaryFolder } from '../support/temporary-storage.js';

/** What a real daemon tells, with proofs, of two feeds with the same messages: three appends, of which the second is sent in several batches. */
const shared = sharedBefore(test, async (t) => {
  const daemon = await startTestDaemon(t);
  const client = await connectSdk(t, daemon);
  const calls = new FeedCalls(connectRpc(t, daemon.address).feeds, bearer(daemon.clientToken));
  const tell = async () => {
    const feed = await client.feeds.create();
    const subfeed = feed.subfeed('main');
    await subfeed.append(['a', 'b']);
    await subfeed.append(Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000)));
    await subfeed.append(['c']);
    return { id: feed.id, subfeed, batches: await calls.read(feed.id, 'main', { withProofs: true }) };
  };
  return { first: await tell(), second: await tell() };
});

/** Copies, for a test to change. */
const copies = (batches: readonly MessageBatch[]): MessageBatch[] => batches.map((batch) => MessageBatch.decode(MessageBatch.encode(batch).finish()));

/** The subfeed of the first feed, as a daemon tells of it that answers with these responses. */
async function subfeedTold(t: ExecutionContext, responses: () => Iterable<readonly MessageBatch[]>): Promise<Subfeed> {
  const { id } = shared().first;
  const port = await startLyingDaemon(t, id, responses);
  const client = await connect({ environment: {}, host: '127.0.0.1', port, configDir: await temporaryFolder(t) });
  t.teardown(() => client.close());
  return (await client.feeds.load(id)).subfeed('main');
}

const values = ['a', 'b', ...Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000)), 'c'];

test.serial('what a daemon tells truly is read and followed, from any position, in whatever pieces it comes', async (t) => {
  const { subfeed, batches } = shared().first;
  t.true(batches.length > 4, 'the second append comes in several batches');
  for (let position = 0; position <= values.length; position += 1) {
    const read = await allItems(subfeed.read({ verified: true, position }));
    t.deepEqual(
      read.map(({ value }) => value),
      values.slice(position),
    );
    const limited = await allItems(subfeed.read({ verified: true, position, maxMessages: 2 }));
    t.deepEqual(
      limited.map(({ value }) => value),
      values.slice(position, position + 2),
    );
  }
  for (const responses of [[batches], batches.map((batch) => [batch]), [batches.slice(0, 3), [], batches.slice(3)]]) {
    const told = await subfeedTold(t, () => responses);
    t.deepEqual(
      (await take(told.follow({ verified: true }), values.length)).map(({ value }) => value),
      values,
    );
  }
});

/** What a daemon may change of what it tells; the batch at 1 is in the middle of the second append. */
const lies: Readonly<Record<string, (batches: MessageBatch[], other: readonly MessageBatch[]) => MessageBatch[]>> = {
  'changes a byte of a message': (batches) => ((batches[1]!.messages[0]![5]! ^= 1), batches),
  'leaves a message out': (batches) => (batches[1]!.messages.pop(), batches),
  'adds a message': (batches) => (batches.at(-1)!.messages.push(Buffer.from('1')), batches),
  'swaps two messages': (batches) => (batches[0]!.messages.reverse(), batches),
  'changes the time': (batches) => ((batches[1]!.appendedAt!.seconds += 1n), batches),
  'tells a time that no clock shows': (batches) => ((batches[1]!.appendedAt!.seconds = 2n ** 62n), batches),
  'says that somebody else submitted it': (batches) => ((batches[1]!.submitterNodeId = 'f'.repeat(64)), batches),
  'says that somebody submitted it, in the words for nobody': (batches) => ((batches[1]!.submitterNodeId = '0'.repeat(64)), batches),
  'names a submitter who is no node': (batches) => ((batches[1]!.submitterNodeId = 'zz'), batches),
  'leaves a batch out': (batches) => batches.toSpliced(1, 1),
  'leaves the first append out': (batches) => batches.slice(1),
  'moves the messages': (batches) => {
    for (const batch of batches) batch.position += 1n;
    return batches;
  },
  'signs nothing': (batches) => {
    for (const { proof } of batches) proof!.signature = Buffer.alloc(0);
    return batches;
  },
  'signs with something else': (batches) => ((batches.at(-1)!.proof!.signature = Buffer.alloc(64, 1)), batches),
  'gives no proof': (batches) => {
    for (const batch of batches) batch.proof = undefined;
    return batches;
  },
  'gives the messages of another feed': (_batches, other) => [...other],
  'ends in the middle of an append': (batches) => batches.slice(0, 2),
};

for (const [what, lie] of Object.entries(lies)) {
  test.serial(`a reader that verifies hears when a daemon ${what}`, async (t) => {
    const { first, second } = shared();
    const batches = lie(copies(first.batches), second.batches);
    for (const responses of [[batches], batches.map((batch) => [batch])]) {
      const told = await subfeedTold(t, () => responses);
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const { value } of told.read({ verified: true })) seen.push(value);
      })();
      await fails(t, reading, 'content-corrupt');
      t.deepEqual(seen, values.slice(0, seen.length), 'nothing but the truth was told before');
    }
    if (what === 'changes a byte of a message')
      await fails(t, take((await subfeedTold(t, () => [batches])).follow({ verified: true }), values.length), 'content-corrupt');
  });
}

test.serial('a daemon that never signs what it sends fills no memory', async (t) => {
  const [, batch] = copies(shared().first.batches);
  let sent = 0;
  const endless = function* (): Generator<MessageBatch[], void, undefined> {
    for (; sent < 60; sent += 1) yield [{ ...batch!, position: batch!.position + BigInt(sent * batch!.messages.length) }];
  };
  const told = await subfeedTold(t, endless);
  await fails(t, take(told.follow({ verified: true, position: 2 }), 1), 'content-corrupt');
  const empty = await subfeedTold(t, () => Array<MessageBatch[]>(10_001).fill([{ ...batch!, messages: [] }]));
  await fails(t, take(empty.follow({ verified: true, position: 2 }), 1), 'content-corrupt');
});
