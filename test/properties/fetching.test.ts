import { createHash } from 'node:crypto';

import test from 'ava';
import fc from 'fast-check';

import { systemClock } from '../../src/core/clock.js';
import { KacheryError } from '../../src/core/failure.js';
import { formatManifest } from '../../src/core/manifest.js';
import { FileFetcher } from '../../src/transfer/file-fetcher.js';
import { idOf, manifestBytes, manifestOf } from '../support/content-of.js';
import { damaged, MemoryNetwork, MemoryPeer, stall } from '../support/memory-network.js';
import { collect, generatedBytes, temporaryStorage } from '../support/temporary-storage.js';

const timing = { silentMs: 150, otherAnswersMs: 20, waitForSourceMs: 400, retryMs: 30, tickMs: 10, warmMs: 100, progressMs: 0 };
const bytes = generatedBytes(2_000_000);

/** A part of a whole. */
const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);
const fault = fc.record({
  kind: fc.constantFrom('none', 'none', 'lies', 'lies once', 'is silent', 'is lost', 'is lost and comes back', 'cuts off', 'fails', 'is busy'),
  /** Where in the file it happens. */
  at: share,
});
const claim = fc.constantFrom('true', 'true', 'true', 'another size', 'another manifest', 'no manifest');
const node = fc.record({ fault, claim });
const world = fc.record({
  sizeBytes: fc.oneof(fc.nat(1_500_000), fc.constantFrom(0, 1, 262_144, 262_145)),
  chunkBytes: fc.option(fc.integer({ min: 5_000, max: 700_000 }), { nil: undefined }),
  nodes: fc.array(node, { minLength: 1, maxLength: 4 }),
  reads: fc.array(fc.tuple(share, share, fc.boolean()), { maxLength: 3 }),
});

type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

function contentOf({ sizeBytes }: World, run: number): Buffer {
  const content = Buffer.from(bytes.subarray(0, sizeBytes));
  createHash('sha1').update(String(run)).digest().copy(content);
  return content;
}

/** Lets a node do what the world says; true if what it says of itself is true, and it sends all that it is asked for. */
function play(peer: MemoryPeer, content: Buffer, { fault: { kind, at }, claim: claims }: World['nodes'][number], network: () => MemoryNetwork): boolean {
  const id = idOf(content);
  if (claims === 'another size') peer.has(content, { claim: { sizeBytes: content.byteLength + 1 } });
  if (claims === 'no manifest') peer.has(content);
  if (claims === 'another manifest') {
    const other = damaged(content.byteLength === 0 ? Buffer.from('x') : content);
    const manifest = Buffer.from(formatManifest({ ...manifestOf(other, 50_000), sha1: id, size: content.byteLength }));
    peer.has(manifest).has(content, { claim: { manifestId: idOf(manifest) } });
  }
  let isDone = false;
  peer.script = async ({ id: of, position, bytes: sent }) => {
    if (of !== id || position < at * content.byteLength * 0.9) return sent;
    const isFirst = !isDone;
    isDone = true;
    switch (kind) {
      case 'lies':
        return damaged(sent);
      case 'lies once':
        return isFirst ? damaged(sent) : sent;
      case 'is silent':
        return stall();
      case 'cuts off':
        return sent.subarray(0, sent.byteLength >> 1);
      case 'fails':
        throw new Error('it failed');
      case 'is busy':
        if (isFirst) throw new KacheryError('too-busy', 'it is busy');
        return sent;
      case 'is lost':
      case 'is lost and comes back':
        if (isFirst || kind === 'is lost') network().disconnect(peer);
        if (isFirst && kind !== 'is lost') network().reachable.add(peer);
        return sent;
      default:
        return sent;
    }
  };
  return claims === 'true' && kind === 'none';
}

test('whatever nodes do, what is read and loaded is the content, or there is a clear failure; one good node is enough', async (t) => {
  const store = await temporaryStorage(t);
  let runs = 0;
  const property = fc.asyncProperty(world, async (drawn) => {
    const content = contentOf(drawn, runs++);
    const id = idOf(content);
    const manifestId = drawn.chunkBytes === undefined ? undefined : idOf(manifestBytes(manifestOf(content, drawn.chunkBytes)));
    const peers = drawn.nodes.map((_, index) =>
      new MemoryPeer(`node ${String(index)}`).has(content, drawn.chunkBytes === undefined ? {} : { chunkBytes: drawn.chunkBytes }),
    );
    const network = new MemoryNetwork(...peers);
    const isGood = drawn.nodes.map((of, index) => play(peers[index]!, content, of, () => network)).some(Boolean);
    const fetcher = new FileFetcher({ store, peers: network, clock: systemClock }, timing);
    try {
      for (const [from, length, isNamed] of drawn.reads) {
        const start = Math.floor(from * content.byteLength);
        const end = start + Math.floor(length * (content.byteLength - start));
        await orFailure(isGood, async () => {
          const read = await collect(fetcher.read(isNamed ? { id, manifestId } : { id }, { start, end }));
          if (!read.equals(content.subarray(start, end))) throw new Error('Other bytes were read.');
        });
      }
      await orFailure(isGood, async () => {
        for await (const event of fetcher.load({ id })) if (event.kind === 'file' && event.file.sizeBytes !== content.byteLength) throw new Error('wrong size');
      });
    } finally {
      await fetcher.close();
    }
    const stored = await store.find(id);
    if (isGood && !stored) throw new Error('It is not stored.');
    if (stored && !(await collect(store.read(id))).equals(content)) throw new Error('Other bytes are stored.');
  });
  await t.notThrowsAsync(fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true }));
  t.log(`${String(runs)} runs`);
});

async function orFailure(isGood: boolean, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isGood || !(error instanceof KacheryError) || error.reason === 'internal') throw error;
  }
}
