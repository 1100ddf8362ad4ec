import { createRequire } from 'node:module';

import test from 'ava';
import fc from 'fast-check';

import { MessageAssembler } from '../../src/rpc/interceptors/assemble-in-place.js';
import { ReadBuffers } from '../../src/storage/read-buffers.js';

const buffers = new ReadBuffers(65_600, 2);

interface Decoder {
  write(data: Buffer): Buffer[];
}

const { StreamDecoder } = createRequire(import.meta.url)('@grpc/grpc-js/build/src/stream-decoder.js') as { StreamDecoder: new (maxBytes: number) => Decoder };

const message = fc.tuple(fc.oneof(fc.nat(20), fc.constantFrom(0, 1, 65_536, 200_000)), fc.nat(255)).map(([sizeBytes, fill]) => {
  const framed = Buffer.alloc(5 + sizeBytes, fill);
  framed[0] = fill & 1;
  framed.writeUInt32BE(sizeBytes, 1);
  return framed;
});

/** The same bytes in pieces that break anywhere. */
const received = fc
  .tuple(fc.array(message, { maxLength: 6 }), fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100_000 }))))
  .map(([messages, sizes]) => {
    const bytes = Buffer.concat(messages);
    const pieces: Buffer[] = [];
    let position = 0;
    for (const size of sizes) {
      pieces.push(bytes.subarray(position, position + size));
      position += size;
    }
    return [...pieces, bytes.subarray(position)];
  });

test('messages are assembled as grpc-js does it, whatever pieces they come in', (t) => {
  fc.assert(
    fc.property(received, (pieces) => {
      const [ours, theirs] = [new MessageAssembler(1_000_000, buffers), new StreamDecoder(1_000_000)];
      for (const piece of pieces) t.deepEqual(ours.write(piece), theirs.write(piece));
    }),
  );
});

test('a message that is too large is refused as grpc-js does it, before it comes', (t) => {
  const frame = Buffer.from([0, 0, 0, 1, 1]);
  for (const maxBytes of [0, 256]) {
    const expected = t.throws(() => new StreamDecoder(maxBytes).write(frame));
    t.is(t.throws(() => new MessageAssembler(maxBytes, buffers).write(frame)).message, expected.message);
  }
  for (const maxBytes of [257, -1]) t.deepEqual(new MessageAssembler(maxBytes, buffers).write(frame), []);
});

test('a message has its bytes to itself', (t) => {
  const piece = Buffer.from([0, 0, 0, 0, 1, 7]);
  const [whole] = new MessageAssembler(10, buffers).write(piece);
  piece.fill(0);
  t.deepEqual(whole, Buffer.from([0, 0, 0, 0, 1, 7]));
});
