import test, { type ExecutionContext } from 'ava';

import { parseFeedId } from '../../../src/core/feed-id.js';
import { type SignedHead } from '../../../src/core/feed-head.js';
import { isKacheryError } from '../../../src/core/failure.js';
import { limits } from '../../../src/core/limits.js';
import { type SubfeedHash } from '../../../src/core/subfeed.js';
import { type SubfeedInfo } from '../../../src/feeds/feed-store.js';
import { Slots } from '../../../src/network/link/slots.js';
import { FeedMirror, type FeedMirrorParts } from '../../../src/transfer/mirrors/feed-mirror.js';
import { parseMirrorTarget } from '../../../src/transfer/mirrors/mirror-target.js';
import { mirrorTimes } from '../../../src/transfer/mirrors/mirror-times.js';

const { signal } = new AbortController();
const feedId = parseFeedId('a'.repeat(64));

/** A feed as this node and the connected ones have it: how long each subfeed is. */
class World {
  readonly here = new Map<SubfeedHash, number>();
  elsewhere = new Map<SubfeedHash, number>();
  hasSource = true;
  readonly followed: SubfeedHash[] = [];

  mirror(): FeedMirror {
    const target = parseMirrorTarget(`feed://${feedId}`);
    if (target.kind !== 'feed') throw new Error('no feed');
    return new FeedMirror(target, this.parts(), mirrorTimes);
  }

  private parts(): FeedMirrorParts {
    const headOf = (subfeedHash: SubfeedHash): SignedHead | undefined => {
      const length = this.here.get(subfeedHash);
      return length === undefined ? undefined : ({ length } as SignedHead);
    };
    return {
      feeds: {
        listSubfeeds: async (_id, after, count) => pageOf(this.here, after, count),
        heads: async (subfeeds) => subfeeds.map((subfeed) => ({ subfeed, nameJson: undefined, head: headOf(subfeed.subfeedHash), fork: [] })),
      },
      replication: {
        locate: async (id) => ({ id, name: undefined, isWriteable: false, createdAtMs: 0 }),
        follow: (subfeeds) => {
          this.followed.push(...subfeeds.map(({ subfeedHash }) => subfeedHash));
          return () => undefined;
        },
        findSubfeed: () => Promise.reject(new Error('one subfeed was asked for')),
        listSubfeeds: async (_id, after, { count }) => pageOf(new Map([...this.here, ...(this.hasSource ? this.elsewhere : [])]), after, count),
        hasSource: () => this.hasSource,
      },
      slots: new Slots(1),
      countFeeds: () => 1,
    };
  }
}

function pageOf(lengths: ReadonlyMap<SubfeedHash, number>, after: SubfeedHash | undefined, count: number) {
  const hashes = [...lengths.keys()].sort();
  const start = after === undefined ? 0 : hashes.indexOf(after) + 1;
  const items = hashes
    .slice(start, start + count)
    .map((hash): SubfeedInfo => ({ hash, nameJson: undefined, length: lengths.get(hash) ?? 0, appendedAtMs: undefined, fork: [] }));
  return { items, hasMore: count < hashes.length };
}

function hashAt(index: number): SubfeedHash {
  return String(index).padStart(40, '0') as SubfeedHash;
}

async function failure(t: ExecutionContext, mirror: FeedMirror): Promise<unknown> {
  return t.throwsAsync(mirror.bring(signal));
}

test('a feed whose source is lost waits, and still tells how much there is', async (t) => {
  const world = new World();
  const mirror = world.mirror();
  world.here.set(hashAt(0), 2);
  world.elsewhere.set(hashAt(0), 5);
  t.false((await mirror.bring(signal)).isComplete);
  t.true(mirror.isFetching);
  world.hasSource = false;
  t.true(isKacheryError(await failure(t, mirror), 'node-unreachable'));
  t.false(mirror.isFetching);
  t.like(mirror.amount, { loadedMessages: 2, messages: 5 });
});

test('a feed of which connected nodes have a part only is not complete', async (t) => {
  const world = new World();
  const mirror = world.mirror();
  world.here.set(hashAt(0), 3);
  world.elsewhere.set(hashAt(0), 5);
  await mirror.bring(signal);
  world.elsewhere.set(hashAt(0), 3);
  t.regex(String(await failure(t, mirror)), /No connected node has all of feed:/);
  t.like(mirror.amount, { loadedMessages: 3, messages: 5 });
  world.here.set(hashAt(0), 5);
  world.elsewhere.set(hashAt(0), 5);
  t.true((await mirror.bring(signal)).isComplete);
});

test('of a feed with more subfeeds than can be mirrored, as many are followed as can be, first those that are here', async (t) => {
  const world = new World();
  const count = limits.maxMirroredSubfeeds + 100;
  world.elsewhere = new Map(Array.from({ length: count }, (_, index) => [hashAt(index), 1]));
  // They are the last of the list.
  const here = [hashAt(count - 1), hashAt(count - 2)];
  for (const hash of here) world.here.set(hash, 1);
  const mirror = world.mirror();
  for (let look = 0; look < 2; look++) {
    t.true(isKacheryError(await failure(t, mirror), 'too-large'));
    t.is(new Set(world.followed).size, limits.maxMirroredSubfeeds);
    t.is(world.followed.length, limits.maxMirroredSubfeeds);
  }
  for (const hash of here) t.true(world.followed.includes(hash));
  t.like(mirror.amount, { subfeeds: limits.maxMirroredSubfeeds, loadedMessages: 2 });
});

test('new subfeeds are looked for the less often the more there are, but often enough', async (t) => {
  const world = new World();
  const mirror = world.mirror();
  world.here.set(hashAt(0), 1);
  const few = await mirror.bring(signal);
  t.true(few.againMs < 2 * mirrorTimes.listMs);
  for (let index = 1; index < 10_000; index++) world.here.set(hashAt(index), 1);
  t.deepEqual(await mirror.bring(signal), { isComplete: true, againMs: mirrorTimes.maxListMs });
});
