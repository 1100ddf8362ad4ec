import { join } from 'node:path';

import type { ExecutionContext } from 'ava';

import { systemClock } from '../../src/core/clock.js';
import { type FeedId } from '../../src/core/feed-id.js';
import { type Page } from '../../src/core/page.js';
import { subfeedOfName } from '../../src/core/subfeed.js';
import { type AppendRequest, type ReadMessagesOptions } from '../../src/feeds/feed-store.js';
import { type FeedSurroundings, LocalFeeds } from '../../src/feeds/local-feeds.js';
import { type MessageBlock } from '../../src/feeds/message-block.js';
import { unpackMessages } from '../../src/feeds/packed-messages.js';

const noAbort = new AbortController().signal;

/** The feeds in a folder; closed when the test ends. A problem that they report fails the test. */
export async function openFeeds(t: ExecutionContext, folder: string, surroundings: Partial<FeedSurroundings> = {}): Promise<LocalFeeds> {
  const onProblem = (error: unknown): void => {
    t.fail(String(error));
  };
  const places = { databaseDir: join(folder, 'feeds'), keysDir: join(folder, 'feed-keys') };
  const feeds = await LocalFeeds.open(places, { clock: systemClock, whoHasIt: () => Promise.resolve(undefined), onProblem, ...surroundings });
  t.teardown(() => feeds.close());
  return feeds;
}

/** The address of a subfeed by its name. */
export function addressOf(feedId: FeedId, name: unknown) {
  return { feedId, subfeedHash: subfeedOfName(name).hash };
}

/** An append to a subfeed by its name. */
export function appendOf(feedId: FeedId, name: unknown, messages: readonly (string | Uint8Array)[], more: Partial<AppendRequest> = {}): AppendRequest {
  return { feedId, subfeed: subfeedOfName(name), messages: messages.map((message) => Buffer.from(message)), ...more };
}

/** The items of all pages, each of which begins behind the last item of the one before. */
export async function allItems<Item>(pageBehind: (item: Item | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for (let hasMore = true; hasMore;) {
    const page = await pageBehind(items.at(-1));
    items.push(...page.items);
    hasMore = page.hasMore;
  }
  return items;
}

/** Everything that a read brings. */
export async function readAll(
  feeds: LocalFeeds,
  feedId: FeedId,
  name: unknown,
  position = 0,
  options: Partial<ReadMessagesOptions> = {},
): Promise<MessageBlock[]> {
  const blocks: MessageBlock[] = [];
  for await (const page of feeds.read(addressOf(feedId, name), position, { withProofs: false, signal: noAbort, ...options })) blocks.push(...page);
  return blocks;
}

/** The messages of blocks, each as text. */
export function textsOf(blocks: readonly MessageBlock[]): string[] {
  return blocks.flatMap(({ packed }) => [...unpackMessages(packed)].map(String));
}
