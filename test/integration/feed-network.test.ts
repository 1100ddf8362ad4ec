import test, { type ExecutionContext } from 'ava';

import { systemClock } from '../../src/core/clock.js';
import { NetworkedFeeds } from '../../src/transfer/feeds/networked-feeds.js';
import { FeedReplication } from '../../src/transfer/feeds/feed-replication.js';
import { linkFeeds } from '../support/linked-feeds.js';
import { silentLog } from '../support/linked-node.js';
import { addressOf, appendOf, openFeeds, textsOf } from '../support/temporary-feeds.js';
import { temporaryFolder } from '../support/temporary-storage.js';

const noAbort = new AbortController().signal;

/** Two linked nodes, of which the first has a feed, and the second reads it as if it were its own. */
async function openLinked(t: ExecutionContext) {
  const owner = await openFeeds(t, await temporaryFolder(t));
  const { id } = await owner.create();
  const { peers, callerId, stop } = await linkFeeds(t, owner);
  const feeds = await openFeeds(t, await temporaryFolder(t));
  const replication = new FeedReplication({ feeds, peers, clock: systemClock, log: silentLog, newRequestId: () => 'request-0123456789' });
  t.teardown(() => replication.close());
  return { owner, id, feeds: new NetworkedFeeds(feeds, replication, callerId), callerId, stop };
}

test('a thousand appends and more are read over a connection, and what comes then is followed live', async (t) => {
  const { owner, id, feeds } = await openLinked(t);
  const texts = Array.from({ length: 1_500 }, (_, number) => String(number));
  await Promise.all(texts.map((text) => owner.append(appendOf(id, 'main', [text]))));
  const read: string[] = [];
  for await (const blocks of feeds.read(addressOf(id, 'main'), 0, { withProofs: false, signal: noAbort })) read.push(...textsOf(blocks));
  t.deepEqual(read, texts);
  const watched = feeds.watch([{ ...addressOf(id, 'main'), position: 1_500 }], noAbort)[Symbol.asyncIterator]();
  for (const text of ['x', 'y', 'z']) {
    const news = watched.next();
    await owner.append(appendOf(id, 'main', [text]));
    t.deepEqual(textsOf((await news).value?.blocks ?? []), [text]);
  }
  await watched.return();
});

test('messages are submitted over a connection', async (t) => {
  const { owner, id, feeds, callerId } = await openLinked(t);
  const submit = () => feeds.append(appendOf(id, 'main', ['x'], { submitter: callerId }));
  t.like(await t.throwsAsync(submit), { reason: 'submit-not-allowed' });
  await owner.setAccessRules(addressOf(id, 'main'), [{ nodeId: callerId, mayWrite: true }]);
  t.is((await submit()).position, 0);
});

test('without a connection what came before is read, and nothing is submitted', async (t) => {
  const { owner, id, feeds, callerId, stop } = await openLinked(t);
  await owner.append(appendOf(id, 'main', ['a']));
  const read = async (): Promise<string[]> => {
    const texts: string[] = [];
    for await (const blocks of feeds.read(addressOf(id, 'main'), 0, { withProofs: false, signal: noAbort })) texts.push(...textsOf(blocks));
    return texts;
  };
  t.deepEqual(await read(), ['a']);
  await stop();
  t.deepEqual(await read(), ['a']);
  t.like(await t.throwsAsync(feeds.append(appendOf(id, 'main', ['x'], { submitter: callerId }))), { reason: 'node-unreachable' });
});
