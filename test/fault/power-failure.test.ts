import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { parseContentId } from '../../src/core/content-id.js';
import { decodeBatch } from '../../src/storage/batch/batch-image.js';
import { DoomedDaemon } from './doomed-daemon.js';
import { DurableState } from './durable-state.js';
import { type NodeCalls } from './node-calls.js';
import { Seeded } from './seeded.js';
import { sha1Of } from './sha1-of.js';
import { storeKinds } from './store-work.js';
import { TestNode } from './test-node.js';

/** A node whose daemon notes what it does to its storage directory. */
class WatchedNode {
  private readonly doom: DoomedDaemon;
  /** The contents of each journal, by its path. */
  private readonly journals = new Map<string, readonly string[]>();

  private constructor(
    private readonly t: ExecutionContext,
    readonly node: TestNode,
    readonly calls: NodeCalls,
  ) {
    this.doom = new DoomedDaemon(node);
  }

  static async create(t: ExecutionContext): Promise<WatchedNode> {
    const node = await TestNode.create(t);
    const daemon = await node.start(new DoomedDaemon(node).variables());
    const watched = new WatchedNode(t, node, await node.connect(daemon));
    await watched.doom.arm();
    return watched;
  }

  /** Checks that a power failure at this moment would lose none of these contents. */
  checkSure(sha1s: readonly string[], when: string): void {
    this.readJournals();
    const state = new DurableState(this.node.layout.contentDir);
    for (const operation of this.doom.noted()) state.apply(operation);
    for (const sha1 of sha1s) {
      const places = this.placesOf(sha1);
      this.t.true(
        places.some((path) => state.isSure(path)),
        `${when}: ${sha1} would survive`,
      );
    }
  }

  /** Checks that whatever got a content's name was whole on the disk by then, and that no journal went before its files were. */
  checkOrder(): void {
    const state = new DurableState(this.node.layout.contentDir);
    for (const noted of this.doom.noted()) {
      const { phase, operation, path, to = '' } = noted;
      if (phase === 'begun' && operation === 'unlink' && path.endsWith('.batch')) {
        for (const sha1 of this.journals.get(path) ?? []) this.t.true(state.isSure(this.contentPath(sha1)), `${sha1} needs its journal no more`);
      }
      if (phase === 'begun' && operation === 'rename' && to.startsWith(this.node.layout.contentDir)) {
        const isJournaled = this.placesOf(basename(to)).some((place) => place.endsWith('.batch') && state.isSure(place));
        this.t.true(state.isWhole(path) || isJournaled, `${to} was whole when it got its name`);
      }
      state.apply(noted);
    }
  }

  /** Lets the daemon do at once what it puts off after batches: a removal waits for that. */
  async settle(): Promise<void> {
    this.readJournals();
    await this.t.throwsAsync(this.calls.deleteFile(sha1Of(Buffer.from('never stored'))));
  }

  private readJournals(): void {
    for (const name of readdirSync(this.node.layout.journalDir)) {
      const path = join(this.node.layout.journalDir, name);
      this.journals.set(
        path,
        [...decodeBatch(readFileSync(path))].map(({ sha1 }) => sha1),
      );
    }
  }

  private contentPath(sha1: string): string {
    return this.node.layout.contentPath(parseContentId(sha1));
  }

  private placesOf(name: string): string[] {
    const sha1 = name.replace('.link', '');
    const journals = [...this.journals].filter(([, sha1s]) => sha1s.includes(sha1)).map(([path]) => path);
    return [this.contentPath(sha1), `${this.contentPath(sha1)}.link`, ...journals];
  }
}

test.serial('what is acknowledged would survive a power failure at that moment, whichever way it was stored', async (t) => {
  const watched = await WatchedNode.create(t);
  const acknowledged: string[] = [];
  for (const number of [0, 1]) {
    for (const kind of storeKinds) {
      const work = await kind.work(watched.node, number);
      await work.run(watched.calls);
      acknowledged.push(...work.contents.map(sha1Of));
      watched.checkSure(acknowledged, `${kind.name} ${String(number)}`);
    }
  }
  await watched.settle();
  watched.checkSure(acknowledged, 'when batches are settled');
  watched.checkOrder();
});

test.serial('what comes to lie beside a batch that is not settled yet would survive a power failure as well', async (t) => {
  const watched = await WatchedNode.create(t);
  const chance = new Seeded('neighbours');
  const batch = Array.from({ length: 20 }, () => chance.bytes(100));
  const folders = new Set(batch.map((bytes) => sha1Of(bytes).slice(0, 2)));
  await watched.calls.storeFiles(batch);
  for (let found = 0; found < 3;) {
    const bytes = chance.bytes(100);
    if (!folders.has(sha1Of(bytes).slice(0, 2))) continue;
    found += 1;
    watched.checkSure([await watched.calls.storeFile(bytes)], 'beside a batch');
  }
});
