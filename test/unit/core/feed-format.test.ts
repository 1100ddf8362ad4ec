import { createHash } from 'node:crypto';

import test from 'ava';

import { type ChainEnd, emptyChain, EntryChain } from '../../../src/core/entry-chain.js';
import { parseFeedId } from '../../../src/core/feed-id.js';
import { headBytes, isSignedByFeed, signHead } from '../../../src/core/feed-head.js';
import { isForkProof } from '../../../src/core/fork-proof.js';
import { parseNodeId } from '../../../src/core/node-id.js';
import { parseSubfeedHash, subfeedOfName, subfeedOfNameJson } from '../../../src/core/subfeed.js';
import { verifyEntries } from '../../../src/core/verify-entries.js';
import { feedVectors, layoutBytes, privateKeyOfSeed } from '../../support/feed-vectors.js';

const subfeed = { feedId: parseFeedId(feedVectors.feedId), subfeedHash: parseSubfeedHash(feedVectors.subfeedHash) };
const privateKey = privateKeyOfSeed(feedVectors.privateKeySeed);
const submitterOf = (id: string) => (id === '' ? undefined : parseNodeId(id));

test('names of every kind have the published hashes', (t) => {
  for (const { about, nameJson, hash } of feedVectors.names) {
    const found = subfeedOfNameJson(nameJson);
    t.is(found.hash, parseSubfeedHash(hash), about);
    t.is(found.nameJson, about === 'the hash itself' ? undefined : nameJson, about);
  }
});

test('what cannot be the name of a subfeed is refused', (t) => {
  for (const text of ['', 'main', '{', '1e999', '9007199254740993', '{"a":[12345678901234567890]}', `"${'x'.repeat(4_095)}"`, '"\\ud800"', '[undefined]']) {
    t.like(
      t.throws(() => subfeedOfNameJson(text)),
      { reason: 'invalid-argument' },
      text.slice(0, 20),
    );
  }
  for (const name of [NaN, Infinity, undefined, 1n, '\udc00', [() => 1]])
    t.like(
      t.throws(() => subfeedOfName(name)),
      { reason: 'invalid-argument' },
      String(name),
    );
  const deep = JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown;
  t.notThrows(() => subfeedOfName(deep));
});

test('entries and heads have the published layouts, hashes and signatures', (t) => {
  const chain = new EntryChain(subfeed);
  for (const { timestampMs, submitterNodeId, entries, head } of feedVectors.appends) {
    chain.stamp(timestampMs, submitterOf(submitterNodeId));
    for (const { position, messageHex, layout, hash } of entries) {
      const message = Buffer.from(messageHex, 'hex');
      t.is(chain.end.length, position);
      chain.add(message);
      t.is(chain.end.lastHash.toString('hex'), hash);
      t.is(createHash('sha256').update(layoutBytes(layout)).update(message).digest('hex'), hash);
    }
    t.is(chain.end.length, head.length);
    t.deepEqual(headBytes(subfeed, chain.end), layoutBytes(head.layout));
    const signed = signHead(subfeed, chain.end, privateKey);
    t.is(signed.signature.toString('hex'), head.signature);
    t.true(isSignedByFeed(signed));
  }
});

test('the published appends verify, together and one by one, and from any signed head on', (t) => {
  const batches = feedVectors.appends.map(({ timestampMs, submitterNodeId, entries }) => ({
    position: entries[0]?.position ?? 0,
    timestampMs,
    submitter: submitterOf(submitterNodeId),
    messages: entries.map(({ messageHex }) => Buffer.from(messageHex, 'hex')),
  }));
  const heads = feedVectors.appends.map(({ entries, head }) => ({
    subfeed,
    length: head.length,
    lastHash: Buffer.from(entries.at(-1)?.hash ?? '', 'hex'),
    signature: Buffer.from(head.signature, 'hex'),
  }));
  const ends: ChainEnd[] = [emptyChain, ...heads];
  for (const [from, start] of ends.entries()) {
    for (const [index, head] of heads.entries()) {
      if (index >= from)
        t.notThrows(() => {
          verifyEntries(start, batches.slice(from, index + 1), head);
        });
    }
  }
});

test('two heads of one length prove a fork; equal ones, or one that the key has not signed, do not', (t) => {
  const end = (fill: number): ChainEnd => ({ length: 3, lastHash: Buffer.alloc(32, fill) });
  const [first, second] = [signHead(subfeed, end(1), privateKey), signHead(subfeed, end(2), privateKey)];
  t.true(isForkProof({ first, second }));
  t.false(isForkProof({ first, second: first }));
  t.false(isForkProof({ first, second: { ...second, signature: first.signature } }));
  t.false(isForkProof({ first, second: signHead(subfeed, { ...end(2), length: 4 }, privateKey) }));
  t.false(isForkProof({ first, second: signHead({ ...subfeed, subfeedHash: parseSubfeedHash('0'.repeat(40)) }, end(2), privateKey) }));
});
