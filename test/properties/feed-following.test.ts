import test from 'ava';
import fc from 'fast-check';

import { type FeedNode, introduce, openFeedNode } from '../support/feed-network.js';
import { addressOf, appendOf, readAll, textsOf } from '../support/temporary-feeds.js';

const subfeeds = ['a', 'b'] as const;
const sources = ['owner', 'hub'] as const;

/** One thing that happens; the follower is not waited for in between. */
type Step =
  | { readonly kind: 'append'; readonly name: (typeof subfeeds)[number]; readonly count: number; readonly isLarge: boolean }
  | { readonly kind: 'disconnect' | 'connect'; readonly label: (typeof sources)[number] }
  | { readonly kind: 'read'; readonly name: (typeof subfeeds)[number] }
  | { readonly kind: 'pass' };

const name = fc.constantFrom(...subfeeds);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), name, count: fc.integer({ min: 1, max: 4 }), isLarge: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('disconnect' as const, 'connect' as const), label: fc.constantFrom(...sources) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), name }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const) }) },
);

/** Follows both subfeeds and notes what comes. */
function follow(node: FeedNode, id: Parameters<typeof addressOf>[0]) {
  const controller = new AbortController();
  const seen = { a: [] as string[], b: [] as string[] };
  let heard = (): void => undefined;
  const run = async (): Promise<void> => {
    const watched = subfeeds.map((subfeed) => ({ ...addressOf(id, subfeed), position: 0 }));
    for await (const { index, blocks } of node.networked.watch(watched, controller.signal)) {
      seen[subfeeds[index] ?? 'a'].push(...textsOf(blocks));
      heard();
    }
  };
  const ended = run();
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) {
      await Promise.race([
        ended,
        new Promise<void>((resolve) => {
          heard = resolve;
        }),
      ]);
    }
  };
  const end = (): Promise<void> => {
    controller.abort();
    return ended;
  };
  return { seen, until, end };
}

test('whatever comes and goes, a follower has exactly what the owner has, in order and nothing twice', async (t) => {
  const owner = await openFeedNode(t, 'owner');
  const hub = await openFeedNode(t, 'hub');
  introduce(hub, owner);
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { id } = await owner.feeds.create();
        const follower = await openFeedNode(t, 'follower');
        for (const source of [owner, hub]) introduce(follower, source);
        for (const node of [hub, follower]) await node.networked.find(id);
        const [atHub, here] = [follow(hub, id), follow(follower, id)];
        const expected = { a: [] as string[], b: [] as string[] };
        for (const each of steps) await take(each, { owner, follower, id, expected });
        follower.peers.connect('owner');
        for (const subfeed of subfeeds) await here.until(() => here.seen[subfeed].length >= expected[subfeed].length);
        await Promise.all([here.end(), atHub.end()]);
        for (const subfeed of subfeeds) {
          if (JSON.stringify(here.seen[subfeed]) !== JSON.stringify(expected[subfeed])) throw new Error(`${subfeed}: ${JSON.stringify(here.seen[subfeed])}`);
          const kept = textsOf(await readAll(follower.feeds, id, subfeed));
          if (JSON.stringify(kept) !== JSON.stringify(expected[subfeed])) throw new Error(`${subfeed} is kept as ${JSON.stringify(kept)}`);
        }
        await follower.replication.close();
        await follower.feeds.close();
      }),
      { numRuns: 25, endOnFailure: true },
    ),
  );
});

interface World {
  readonly owner: FeedNode;
  readonly follower: FeedNode;
  readonly id: Parameters<typeof addressOf>[0];
  readonly expected: Record<(typeof subfeeds)[number], string[]>;
}

async function take(each: Step, { owner, follower, id, expected }: World): Promise<void> {
  switch (each.kind) {
    case 'append': {
      const log = expected[each.name];
      const texts = Array.from({ length: each.count }, (_, index) => String(log.length + index) + (each.isLarge ? 'x'.repeat(100_000) : ''));
      await owner.feeds.append(appendOf(id, each.name, texts));
      log.push(...texts);
      break;
    }
    case 'disconnect':
      follower.peers.disconnect(each.label);
      break;
    case 'connect':
      follower.peers.connect(each.label);
      break;
    case 'read':
      await checkRead(follower, id, each.name, expected[each.name]);
      break;
    case 'pass':
      await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A read may bring less while sources come and go, or fail; never anything else. */
async function checkRead(follower: FeedNode, id: World['id'], subfeed: string, log: readonly string[]): Promise<void> {
  const texts: string[] = [];
  try {
    for await (const blocks of follower.networked.read(addressOf(id, subfeed), 0, { withProofs: false, signal: new AbortController().signal }))
      texts.push(...textsOf(blocks));
  } catch (error) {
    if ((error as { readonly reason?: string }).reason !== 'node-unreachable') throw error;
  }
  if (JSON.stringify(texts) !== JSON.stringify(log.slice(0, texts.length))) throw new Error(`A read of ${subfeed} brought ${JSON.stringify(texts)}`);
}
