import { generateKeyPairSync } from 'node:crypto';

import test from 'ava';
import fc from 'fast-check';

import { type ChainEnd, emptyChain, EntryChain } from '../../src/core/entry-chain.js';
import { parseFeedId } from '../../src/core/feed-id.js';
import { type SignedHead, signHead } from '../../src/core/feed-head.js';
import { type NodeId } from '../../src/core/node-id.js';
import { subfeedOfName } from '../../src/core/subfeed.js';
import { type EntryBatch, verifyEntries } from '../../src/core/verify-entries.js';

const keys = generateKeyPairSync('ed25519');
const feedId = parseFeedId(keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'));
const subfeed = { feedId, subfeedHash: subfeedOfName('main').hash };

interface Batch extends EntryBatch {
  readonly messages: readonly Buffer[];
}

interface Log {
  readonly start: ChainEnd;
  readonly batches: readonly Batch[];
  readonly head: SignedHead;
}

const message = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const nodeId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex') as NodeId);
const stamped = fc.record({
  timestampMs: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  submitter: fc.option(nodeId, { nil: undefined }),
  messages: fc.array(message, { minLength: 1, maxLength: 5 }),
});
const log = fc.record({ appends: fc.array(stamped, { minLength: 1, maxLength: 4 }), before: fc.array(message, { maxLength: 3 }) }).map(makeLog);

function makeLog({ appends, before }: { appends: readonly Omit<Batch, 'position'>[]; before: readonly Buffer[] }): Log {
  const chain = new EntryChain(subfeed);
  for (const bytes of before) chain.add(bytes);
  const start = chain.end;
  const batches = appends.map((append) => {
    const position = chain.end.length;
    chain.stamp(append.timestampMs, append.submitter);
    for (const bytes of append.messages) chain.add(bytes);
    return { ...append, position };
  });
  return { start, batches, head: signHead(subfeed, chain.end, keys.privateKey) };
}

const isGenuine = ({ start, batches, head }: Log): boolean => {
  try {
    verifyEntries(start, batches, head);
    return true;
  } catch {
    return false;
  }
};

const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
};

const flippedHex = <Hex extends string>(hex: Hex, bit: number): Hex => flipped(Buffer.from(hex, 'hex'), bit).toString('hex') as Hex;
const everyBit = (bytes: number): number[] => Array.from({ length: bytes * 8 }, (_, bit) => bit);

function withBatch(whole: Log, index: number, change: (batch: Batch) => Batch): Log {
  return { ...whole, batches: whole.batches.map((batch, other) => (other === index ? change(batch) : batch)) };
}

/** The log with every single bit of it changed, one at a time. */
function* bitChanges(whole: Log): Generator<Log> {
  for (const [index, batch] of whole.batches.entries()) {
    for (const [number, bytes] of batch.messages.entries()) {
      for (const bit of everyBit(bytes.byteLength))
        yield withBatch(whole, index, (old) => ({ ...old, messages: old.messages.with(number, flipped(bytes, bit)) }));
    }
    for (let bit = 0; bit < 46; bit++) {
      const sign = Math.floor(batch.timestampMs / 2 ** bit) % 2 === 0 ? 1 : -1;
      yield withBatch(whole, index, (old) => ({ ...old, timestampMs: old.timestampMs + sign * 2 ** bit }));
    }
    const id = batch.submitter ?? ('0'.repeat(64) as NodeId);
    for (const bit of everyBit(32)) yield withBatch(whole, index, (old) => ({ ...old, submitter: flippedHex(id, bit) }));
    for (let bit = 0; bit < 32; bit++) yield withBatch(whole, index, (old) => ({ ...old, position: old.position ^ (1 << bit) }));
  }
  const { start, head } = whole;
  for (const bit of everyBit(32)) yield { ...whole, start: { ...start, lastHash: flipped(start.lastHash, bit) } };
  for (const bit of everyBit(32)) yield { ...whole, head: { ...head, lastHash: flipped(head.lastHash, bit) } };
  for (const bit of everyBit(64)) yield { ...whole, head: { ...head, signature: flipped(head.signature, bit) } };
  for (const bit of everyBit(32)) yield { ...whole, head: { ...head, subfeed: { ...subfeed, feedId: flippedHex(feedId, bit) } } };
  for (const bit of everyBit(20)) yield { ...whole, head: { ...head, subfeed: { ...subfeed, subfeedHash: flippedHex(subfeed.subfeedHash, bit) } } };
  for (let bit = 0; bit < 32; bit++) yield { ...whole, head: { ...head, length: head.length ^ (1 << bit) } };
}

test('what the owner signed is genuine, and every change of a single bit is found', (t) => {
  fc.assert(
    fc.property(log, (whole) => {
      t.true(isGenuine(whole));
      for (const changed of bitChanges(whole)) if (isGenuine(changed)) t.fail(JSON.stringify(changed));
    }),
    { numRuns: 20 },
  );
});

test('messages that are exchanged, left out, doubled, cut off or joined otherwise are found', (t) => {
  fc.assert(
    fc.property(log, fc.nat(), fc.nat(), (whole, one, other) => {
      const places = whole.batches.flatMap(({ messages }, batch) => messages.map((_, index) => ({ batch, index })));
      const at = (number: number) => places[number % places.length] ?? { batch: 0, index: 0 };
      const [a, b] = [at(one), at(other)];
      const bytesAt = ({ batch, index }: typeof a): Buffer => whole.batches[batch]?.messages[index] ?? Buffer.alloc(0);
      const put = (target: Log, { batch, index }: typeof a, bytes: Buffer[]): Log =>
        withBatch(target, batch, (old) => ({ ...old, messages: old.messages.toSpliced(index, 1, ...bytes) }));
      if (!bytesAt(a).equals(bytesAt(b))) t.false(isGenuine(put(put(whole, a, [bytesAt(b)]), b, [bytesAt(a)])));
      t.false(isGenuine(put(whole, a, [])));
      t.false(isGenuine(put(whole, a, [bytesAt(a), bytesAt(a)])));
      t.false(isGenuine({ ...whole, batches: whole.batches.slice(0, -1) }));
      t.false(isGenuine({ ...whole, batches: whole.batches.slice(1) }));
      const half = bytesAt(a).byteLength >> 1;
      t.false(isGenuine(put(whole, a, [bytesAt(a).subarray(0, half), bytesAt(a).subarray(half)])));
    }),
    { numRuns: 200 },
  );
});

test('messages that were signed for another subfeed, another feed or with another key are found', (t) => {
  fc.assert(
    fc.property(log, (whole) => {
      const { head } = whole;
      const elsewhere = { ...subfeed, subfeedHash: subfeedOfName('other').hash };
      t.false(isGenuine({ ...whole, head: { ...head, subfeed: elsewhere } }));
      t.false(isGenuine({ ...whole, head: signHead(elsewhere, head, keys.privateKey) }));
      t.false(isGenuine({ ...whole, head: signHead(subfeed, head, generateKeyPairSync('ed25519').privateKey) }));
      t.false(isGenuine({ ...whole, head: { ...head, signature: Buffer.alloc(0) } }));
      t.is(isGenuine({ ...whole, start: emptyChain }), whole.start.length === 0);
    }),
    { numRuns: 50 },
  );
});
