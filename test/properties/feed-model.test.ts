import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import fc from 'fast-check';

import { emptyChain } from '../../src/core/entry-chain.js';
import { type FeedId } from '../../src/core/feed-id.js';
import { verifyEntries } from '../../src/core/verify-entries.js';
import { type LocalFeeds } from '../../src/feeds/local-feeds.js';
import { type MessageBlock } from '../../src/feeds/message-block.js';
import { unpackMessages } from '../../src/feeds/packed-messages.js';
import { addressOf, appendOf, openFeeds, readAll } from '../support/temporary-feeds.js';

type Model = Map<string, Buffer[]>;

interface World {
  feeds: LocalFeeds;
  readonly id: FeedId;
}

const name = fc.constantFrom('a', 'b');
/** Now and then so large that an append does not fit into one block. */
const message = fc
  .oneof({ weight: 9, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.constantFrom(127, 128, 16_383, 16_384, 150_000) })
  .chain((size) => fc.nat(255).map((fill) => Buffer.alloc(size, fill)));
const messages = fc.array(message, { minLength: 1, maxLength: 6 });

class Append implements fc.AsyncCommand<Model, World> {
  constructor(readonly batches: readonly { readonly name: string; readonly messages: Buffer[] }[]) {}

  check = (): boolean => true;

  async run(model: Model, { feeds, id }: World): Promise<void> {
    const appended = await Promise.all(this.batches.map((batch) => feeds.append(appendOf(id, batch.name, batch.messages))));
    for (const [index, batch] of this.batches.entries()) {
      const log = model.get(batch.name) ?? [];
      if (appended[index]?.position !== log.length)
        throw new Error(`An append got the position ${String(appended[index]?.position)}, not ${String(log.length)}.`);
      model.set(batch.name, [...log, ...batch.messages]);
    }
  }

  toString = (): string =>
    `append(${this.batches.map((batch) => `${batch.name}: ${batch.messages.map(({ byteLength }) => String(byteLength)).join(' ')}`).join('; ')})`;
}

class Read implements fc.AsyncCommand<Model, World> {
  constructor(
    readonly from: number,
    readonly options: { readonly name: string; readonly maxMessages: number; readonly withProofs: boolean },
  ) {}

  check = (): boolean => true;

  async run(model: Model, { feeds, id }: World): Promise<void> {
    const { withProofs, maxMessages } = this.options;
    const log = model.get(this.options.name) ?? [];
    const position = this.from % (log.length + 1);
    const blocks = await readAll(feeds, id, this.options.name, position, { withProofs, maxMessages });
    const found = blocks.flatMap(({ packed }) => [...unpackMessages(packed)]);
    const wanted = Math.min(maxMessages, log.length - position);
    if (withProofs ? found.length < wanted : found.length !== wanted) throw new Error(`${String(found.length)} messages came, not ${String(wanted)}.`);
    for (const [index, bytes] of found.entries())
      if (!bytes.equals(log[position + index] ?? Buffer.of())) throw new Error(`Message ${String(index)} is another.`);
    if (withProofs) prove(id, this.options.name, blocks);
  }

  toString = (): string => `read(${String(this.from)}, ${JSON.stringify(this.options)})`;
}

class Reopen implements fc.AsyncCommand<Model, World> {
  constructor(readonly open: () => Promise<LocalFeeds>) {}

  check = (): boolean => true;

  async run(_model: Model, world: World): Promise<void> {
    await world.feeds.close();
    world.feeds = await this.open();
  }

  toString = (): string => 'reopen()';
}

/** Verifies what was read as somebody would who has nothing else. */
function prove(feedId: FeedId, subfeedName: string, blocks: readonly MessageBlock[]): void {
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (!first || !last) return;
  const head = {
    subfeed: addressOf(feedId, subfeedName),
    length: last.position + last.count,
    lastHash: last.lastHash,
    signature: last.signature ?? Buffer.of(),
  };
  const start = first.position === 0 ? emptyChain : { length: first.position, lastHash: first.previousHash };
  verifyEntries(
    start,
    blocks.map(({ position, timestampMs, submitter, packed }) => ({ position, timestampMs, submitter, messages: unpackMessages(packed) })),
    head,
  );
}

test('whatever is appended is read as a list would hold it, and is proven from any position on', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'kachery-p2p-test-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const open = (): Promise<LocalFeeds> => openFeeds(t, root);
  let feeds = await open();
  const commands = fc.commands(
    [
      fc.array(fc.record({ name, messages }), { minLength: 1, maxLength: 3 }).map((batches) => new Append(batches)),
      fc
        .tuple(fc.nat(), fc.record({ name, maxMessages: fc.integer({ min: 1, max: 20 }), withProofs: fc.boolean() }))
        .map(([from, options]) => new Read(from, options)),
      fc.constant(new Reopen(open)),
    ],
    { maxCommands: 15 },
  );
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(commands, async (run) => {
        const world = { feeds, id: (await feeds.create()).id };
        await fc.asyncModelRun(() => ({ model: new Map<string, Buffer[]>(), real: world }), run);
        feeds = world.feeds;
      }),
      { numRuns: 40, endOnFailure: true },
    ),
  );
});
