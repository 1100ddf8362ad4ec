import { generateKeyPairSync, hash } from 'node:crypto';

import { type ChainEnd, emptyChain, EntryChain } from '../../src/core/entry-chain.js';
import { parseFeedId } from '../../src/core/feed-id.js';
import { signHead, type SignedHead } from '../../src/core/feed-head.js';
import { subfeedOfName } from '../../src/core/subfeed.js';
import { type EntryBatch, verifyEntries } from '../../src/core/verify-entries.js';

const batchSize = 1_000;
const publicKeyBytes = 32;

interface SignedBatch extends EntryBatch {
  readonly start: ChainEnd;
  readonly head: SignedHead;
  readonly messages: readonly Buffer[];
}

/** The seconds of verifying `count` messages, appended and signed a thousand at a time, and of a bare SHA-256 of each. */
export function verifyMessages(count: number): { readonly verify: () => Promise<number>; readonly hashes: () => Promise<number> } {
  const batches = signedBatches(count);
  return {
    verify: timed(() => {
      for (const batch of batches) verifyEntries(batch.start, [batch], batch.head);
    }),
    hashes: timed(() => {
      for (const { messages } of batches) for (const message of messages) hash('sha256', message, 'binary');
    }),
  };
}

function timed(work: () => void): () => Promise<number> {
  return () => {
    const start = performance.now();
    work();
    return Promise.resolve((performance.now() - start) / 1000);
  };
}

function signedBatches(count: number): SignedBatch[] {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const feedId = parseFeedId(publicKey.export({ type: 'spki', format: 'der' }).subarray(-publicKeyBytes).toString('hex'));
  const subfeed = { feedId, subfeedHash: subfeedOfName('long').hash };
  const chain = new EntryChain(subfeed);
  const batches: SignedBatch[] = [];
  for (let position = 0, start = emptyChain; position < count; position += batchSize) {
    const messages = Array.from({ length: batchSize }, (_, index) => Buffer.from(JSON.stringify({ sample: position + index, channel: 'left' })));
    const timestampMs = position;
    chain.stamp(timestampMs, undefined);
    for (const message of messages) chain.add(message);
    batches.push({ position, timestampMs, submitter: undefined, messages, start, head: signHead(subfeed, chain.end, privateKey) });
    start = chain.end;
  }
  return batches;
}
