import test from 'ava';
import fc from 'fast-check';

import { type MessageBatch, ReadMessagesResponse, WatchMessagesResponse } from '../../gen/ts/kachery_p2p/v1/feed_service.js';
import { parseFeedId } from '../../src/core/feed-id.js';
import { type NodeId } from '../../src/core/node-id.js';
import { parseSubfeedHash } from '../../src/core/subfeed.js';
import { decodeBlock, encodeBlock, type MessageBlock } from '../../src/feeds/message-block.js';
import { packMessages, unpackMessages } from '../../src/feeds/packed-messages.js';
import { encodeMessages, responseBuffers } from '../../src/rpc/feeds/encoded-messages.js';
import { timestamp } from '../../src/rpc/timestamp.js';
import { ReadBuffers } from '../../src/storage/read-buffers.js';

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((array) => Buffer.from(array));
const sizes = fc.oneof(fc.nat(300), fc.constantFrom(0, 127, 128, 16_383, 16_384, 100_000));
const message = sizes.chain((size) => fc.nat(255).map((fill) => Buffer.alloc(size, fill)));
const block = fc
  .record({
    position: fc.oneof(fc.constant(0), fc.maxSafeNat()),
    timestampMs: fc.oneof(fc.constantFrom(0, 999, 1_000, -1, -1_000), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
    submitter: fc.option(
      bytes(32)
        .filter((id) => id.some((byte) => byte !== 0))
        .map((id) => id.toString('hex') as NodeId),
      { nil: undefined },
    ),
    previousHash: bytes(32),
    lastHash: bytes(32),
    signature: fc.option(bytes(64), { nil: undefined }),
    messages: fc.array(message, { minLength: 1, maxLength: 5 }),
  })
  .map(({ messages, ...rest }): MessageBlock => ({ ...rest, count: messages.length, packed: packMessages(messages) }));
const blocks = fc.array(block, { maxLength: 4 });

function batchOf({ position, timestampMs, submitter, packed, previousHash, lastHash, signature }: MessageBlock, withProofs: boolean): MessageBatch {
  return {
    messages: [...unpackMessages(packed)],
    position: BigInt(position),
    appendedAt: timestamp(timestampMs),
    submitterNodeId: submitter ?? '',
    proof: withProofs ? { previousHash, lastHash, signature: signature ?? Buffer.alloc(0) } : undefined,
  };
}

/** Some responses fit into the first and are encoded over earlier ones. */
const pools = [new ReadBuffers(1_000, 4), responseBuffers()];

test('messages are encoded as the generated codec encodes them', (t) => {
  fc.assert(
    fc.property(blocks, fc.boolean(), fc.nat(10_000), (some, withProofs, subfeedIndex) => {
      const batches = some.map((each) => batchOf(each, withProofs));
      for (const buffers of pools) {
        const [read, watched] = [encodeMessages(some, { withProofs, buffers }), encodeMessages(some, { withProofs, subfeedIndex, buffers })];
        t.true(read.data.equals(ReadMessagesResponse.encode({ batches }).finish()));
        t.true(watched.data.equals(WatchMessagesResponse.encode({ batches, subfeedIndex }).finish()));
        for (const { data } of [read, watched]) buffers.release(data);
      }
    }),
  );
});

test('a block is stored and read as it was, and any damage to it is found', (t) => {
  const subfeed = { feedId: parseFeedId('a'.repeat(64)), subfeedHash: parseSubfeedHash('b'.repeat(40)) };
  fc.assert(
    fc.property(block, fc.nat(), (original, place) => {
      const encoded = encodeBlock(original);
      const { position, count, timestampMs, submitter, previousHash, lastHash, signature, packed } = decodeBlock(subfeed, original.position, encoded);
      t.deepEqual({ position, count, timestampMs, submitter, previousHash, lastHash, signature, packed }, original);
      encoded.writeUInt8(encoded.readUInt8(place % encoded.byteLength) ^ (1 << (place & 7)), place % encoded.byteLength);
      t.like(
        t.throws(() => decodeBlock(subfeed, original.position, encoded)),
        { reason: 'content-corrupt' },
      );
    }),
  );
});
