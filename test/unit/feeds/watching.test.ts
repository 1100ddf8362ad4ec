import test, { type ExecutionContext } from 'ava';

import { type WatchedBlocks } from '../../../src/feeds/feed-store.js';
import { type LocalFeeds } from '../../../src/feeds/local-feeds.js';
import { addressOf, appendOf, openFeeds, textsOf } from '../../support/temporary-feeds.js';
import { temporaryFolder } from '../../support/temporary-storage.js';

async function openFeed(t: ExecutionContext) {
  const feeds = await openFeeds(t, await temporaryFolder(t));
  return { feeds, id: (await feeds.create()).id };
}

function watch(t: ExecutionContext, feeds: LocalFeeds, subfeeds: Parameters<LocalFeeds['watch']>[0]) {
  const controller = new AbortController();
  const iterator = feeds.watch(subfeeds, controller.signal)[Symbol.asyncIterator]();
  t.teardown(() => {
    controller.abort();
  });
  const take = async (count: number): Promise<string[]> => {
    const texts: string[] = [];
    while (texts.length < count) {
      const { value } = (await iterator.next()) as IteratorResult<WatchedBlocks, undefined>;
      if (!value) break;
      texts.push(...textsOf(value.blocks).map((text) => `${String(value.index)}:${text}`));
    }
    return texts;
  };
  return { controller, iterator, take };
}

test('a watcher gets what is there, then what is appended, of each subfeed in order', async (t) => {
  const { feeds, id } = await openFeed(t);
  await feeds.append(appendOf(id, 'a', ['0', '1', '2']));
  const { take } = watch(t, feeds, [
    { ...addressOf(id, 'a'), position: 1 },
    { ...addressOf(id, 'b'), position: 0 },
  ]);
  t.deepEqual(await take(2), ['0:1', '0:2']);
  const news = take(1);
  await feeds.append(appendOf(id, 'b', ['x']));
  t.deepEqual(await news, ['1:x']);
  await feeds.append(appendOf(id, 'a', ['3']));
  await feeds.append(appendOf(id, 'b', ['y']));
  await feeds.append(appendOf(id, 'a', ['4', '5']));
  const rest = await take(4);
  t.deepEqual(
    rest.filter((text) => text.startsWith('0')),
    ['0:3', '0:4', '0:5'],
  );
  t.deepEqual(
    rest.filter((text) => text.startsWith('1')),
    ['1:y'],
  );
});

test('a position behind the end is waited for', async (t) => {
  const { feeds, id } = await openFeed(t);
  const { take } = watch(t, feeds, [{ ...addressOf(id, 'main'), position: 3 }]);
  const news = take(2);
  for (const text of ['0', '1', '2', '3', '4']) await feeds.append(appendOf(id, 'main', [text]));
  t.deepEqual(await news, ['0:3', '0:4']);
});

test('a position within an append that comes is where it begins', async (t) => {
  const { feeds, id } = await openFeed(t);
  const { take } = watch(t, feeds, [{ ...addressOf(id, 'main'), position: 2 }]);
  const news = take(2);
  await feeds.append(appendOf(id, 'main', ['0', '1', '2', '3']));
  t.deepEqual(await news, ['0:2', '0:3']);
});

test('appends while a watcher begins are neither lost nor doubled', async (t) => {
  const { feeds, id } = await openFeed(t);
  const texts = Array.from({ length: 200 }, (_, number) => String(number));
  const appends = (async () => {
    for (const text of texts) await feeds.append(appendOf(id, 'main', [text]));
  })();
  const watchers = Array.from({ length: 20 }, () => watch(t, feeds, [{ ...addressOf(id, 'main'), position: 0 }]).take(texts.length));
  await appends;
  for (const seen of await Promise.all(watchers))
    t.deepEqual(
      seen,
      texts.map((text) => `0:${text}`),
    );
});

test('a watcher that takes nothing for long gets everything when it does', async (t) => {
  const { feeds, id } = await openFeed(t);
  const { iterator, take } = watch(t, feeds, [{ ...addressOf(id, 'main'), position: 0 }]);
  const begun = iterator.next();
  const large = 'x'.repeat(100_000);
  for (let number = 0; number < 50; number++) await feeds.append(appendOf(id, 'main', [large, String(number)]));
  const first = (await begun).value as WatchedBlocks;
  const rest = await take(100 - textsOf(first.blocks).length);
  t.deepEqual(
    [...textsOf(first.blocks), ...rest].filter((text) => text.length < 10).map((text) => text.replace('0:', '')),
    Array.from({ length: 50 }, (_, number) => String(number)),
  );
});

test('the end of the signal ends a watcher, and a deletion fails it', async (t) => {
  const { feeds, id } = await openFeed(t);
  const ended = watch(t, feeds, [{ ...addressOf(id, 'main'), position: 0 }]);
  const end = ended.iterator.next();
  ended.controller.abort();
  t.true((await end).done);
  const other = await feeds.create();
  const failing = watch(t, feeds, [
    { ...addressOf(id, 'main'), position: 0 },
    { ...addressOf(other.id, 'main'), position: 0 },
  ]);
  const failure = failing.iterator.next();
  await feeds.append(appendOf(id, 'main', ['x']));
  t.is(((await failure).value as WatchedBlocks).index, 0);
  const next = failing.iterator.next();
  await feeds.delete(other.id);
  t.like(await t.throwsAsync(next), { reason: 'feed-not-found', details: { feed_id: other.id } });
});
