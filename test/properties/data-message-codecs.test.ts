import { BinaryWriter } from '@bufbuild/protobuf/wire';
import test from 'ava';
import fc from 'fast-check';

import { ReadFilesResponse as PeerReadFilesResponse } from '../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { ReadFileResponse, ReadFilesResponse, StoreFileHeader, StoreFileRequest } from '../../gen/ts/kachery_p2p/v1/file_service.js';
import { fieldHeadroomBytes } from '../../src/rpc/codec/bytes-field.js';
import { decodeReadFileResponse, encodeReadFileResponse } from '../../src/rpc/codec/read-file-response-codec.js';
import { decodeSmallContents, encodeSmallContents } from '../../src/rpc/codec/small-contents-codec.js';
import { decodeStoreFileRequest, encodeStoreFileRequest } from '../../src/rpc/codec/store-file-request-codec.js';

/** Sizes around those at which a length takes one more byte, besides small ones. */
const sizes = fc.oneof(fc.nat(300), fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152));
const content = fc.tuple(sizes, fc.nat(255)).map(([size, fill]) => Buffer.alloc(size, fill));

const header = fc.record({
  label: fc.string(),
  sizeBytes: fc.option(fc.bigInt(0n, 2n ** 64n - 1n), { nil: undefined }),
  sha1: fc.option(fc.string(), { nil: undefined }),
  uploadId: fc.option(fc.string(), { nil: undefined }),
  offset: fc.bigInt(0n, 2n ** 64n - 1n),
  hasFooter: fc.boolean(),
});

const storeFileRequest: fc.Arbitrary<StoreFileRequest> = fc.oneof(
  content.map((value): StoreFileRequest => ({ part: { $case: 'data', value } })),
  header.map((value): StoreFileRequest => ({ part: { $case: 'header', value } })),
  fc.bigInt(0n, 2n ** 64n - 1n).map((sizeBytes): StoreFileRequest => ({ part: { $case: 'footer', value: { sizeBytes } } })),
  fc.constant<StoreFileRequest>({ part: undefined }),
);

/** Encodings of one field each, known and unknown, to be put together to every valid message. */
const encodedField = fc.oneof(
  content.map((data) => new BinaryWriter().uint32(10).bytes(data.subarray(0, 1000)).finish()),
  content.map((data) => new BinaryWriter().uint32(18).bytes(data.subarray(0, 1000)).finish()),
  header.map((value) => StoreFileHeader.encode(value, new BinaryWriter().uint32(10).fork()).join().finish()),
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => new BinaryWriter().uint32(24).uint64(value).finish()),
  fc.nat().map((value) => new BinaryWriter().uint32(37).fixed32(value).finish()),
  content.map((data) => new BinaryWriter().uint32(1002).bytes(data.subarray(0, 100)).finish()),
);
const encodedFields = fc.array(encodedField, { maxLength: 5 }).map((fields) => Buffer.concat(fields));
/** A length that takes more bytes than it needs, which protobuf allows. */
const overlongLength = fc.constantFrom(Buffer.from([10, 0x83, 0x00, 1, 2, 3]), Buffer.from([18, 0x82, 0x80, 0x80, 0x80, 0x00, 7, 8]));
const anyBytes = fc.oneof(
  encodedFields,
  overlongLength,
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

/** What a decoder makes of bytes, or that it refuses them. */
function outcomeOf<Message>(decode: (bytes: Buffer) => Message, bytes: Buffer): { readonly message: Message } | 'refused' {
  try {
    return { message: decode(bytes) };
  } catch {
    return 'refused';
  }
}

/** A copy of the data behind unused bytes, as FileStore.read gives it. */
function withHeadroom(data: Buffer): Buffer {
  const buffer = Buffer.alloc(fieldHeadroomBytes + data.byteLength);
  data.copy(buffer, fieldHeadroomBytes);
  return buffer.subarray(fieldHeadroomBytes);
}

test('ReadFileResponse is encoded as the generated codec encodes it', (t) => {
  fc.assert(
    fc.property(content, (data) => {
      t.true(encodeReadFileResponse({ data }).equals(ReadFileResponse.encode({ data }).finish()));
    }),
  );
});

test('StoreFileRequest is encoded as the generated codec encodes it', (t) => {
  fc.assert(
    fc.property(storeFileRequest, (message) => {
      t.true(encodeStoreFileRequest(message).equals(StoreFileRequest.encode(message).finish()));
    }),
  );
});

test('data with headroom is encoded in place', (t) => {
  fc.assert(
    fc.property(content, (data) => {
      const [forRead, forStore] = [withHeadroom(data), withHeadroom(data)];
      const read = encodeReadFileResponse({ data: forRead, headroomBytes: fieldHeadroomBytes });
      const store = encodeStoreFileRequest({ part: { $case: 'data', value: forStore }, headroomBytes: fieldHeadroomBytes });
      t.true(read.equals(ReadFileResponse.encode({ data }).finish()));
      t.true(store.equals(StoreFileRequest.encode({ part: { $case: 'data', value: data } }).finish()));
      t.is(store.buffer, forStore.buffer);
      if (data.byteLength > 0) t.is(read.buffer, forRead.buffer);
    }),
  );
});

test('data without headroom is encoded without a change of the bytes before it', (t) => {
  const buffer = Buffer.alloc(2000, 0xab);
  const data = buffer.subarray(1000);
  t.true(encodeReadFileResponse({ data }).equals(ReadFileResponse.encode({ data }).finish()));
  t.true(
    encodeStoreFileRequest({ part: { $case: 'data', value: data } })
      .subarray(-1000)
      .equals(data),
  );
  t.true(buffer.equals(Buffer.alloc(2000, 0xab)));
});

test('any bytes are decoded, or refused, as the generated codec does it', (t) => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      t.deepEqual(
        outcomeOf(decodeReadFileResponse, bytes),
        outcomeOf((encoded) => ReadFileResponse.decode(encoded), bytes),
      );
      t.deepEqual(
        outcomeOf(decodeStoreFileRequest, bytes),
        outcomeOf((encoded) => StoreFileRequest.decode(encoded), bytes),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('data in the usual encoding is decoded to a view, not to a copy', (t) => {
  fc.assert(
    fc.property(
      content.filter((data) => data.byteLength > 0),
      (data) => {
        const read = Buffer.from(ReadFileResponse.encode({ data }).finish());
        const store = Buffer.from(StoreFileRequest.encode({ part: { $case: 'data', value: data } }).finish());
        const { part } = decodeStoreFileRequest(store);
        t.true(decodeReadFileResponse(read).data.equals(data));
        t.is(decodeReadFileResponse(read).data.buffer, read.buffer);
        t.true(part?.$case === 'data' && part.value.equals(data) && part.value.buffer === store.buffer);
      },
    ),
  );
});

const smallContents = fc.array(content, { maxLength: 5 });
const responseOf = (contents: readonly Buffer[]) => ({ results: contents.map((value) => ({ outcome: { $case: 'content' as const, value } })) });

test('small contents are encoded as both generated codecs encode them, and decoded to views', (t) => {
  fc.assert(
    fc.property(smallContents, (contents) => {
      const encoded = encodeSmallContents(responseOf(contents));
      t.true(encoded?.equals(ReadFilesResponse.encode(responseOf(contents)).finish()));
      t.true(encoded?.equals(PeerReadFilesResponse.encode(responseOf(contents)).finish()));
      const decoded = decodeSmallContents(encoded!);
      t.deepEqual(decoded, contents);
      t.true(decoded?.every(({ buffer }) => buffer === encoded?.buffer));
    }),
    { numRuns: 30 },
  );
});

test('a result that is no content is left to the generated codec', (t) => {
  const some = responseOf([Buffer.from('one')]).results;
  t.is(encodeSmallContents({ results: [...some, { outcome: undefined }] }), undefined);
  const message = PeerReadFilesResponse.encode({ results: [...some, { outcome: { $case: 'errorReason', value: 'FILE_NOT_FOUND' } }] }).finish();
  t.is(decodeSmallContents(Buffer.from(message)), undefined);
});

test('any bytes that small contents are read from are read as the generated codec does it', (t) => {
  const inner = fc.array(fc.oneof(encodedFields, anyBytes), { maxLength: 3 });
  const nested = inner.map((all) => Buffer.concat(all.map((bytes) => Buffer.from(new BinaryWriter().uint32(10).bytes(bytes).finish()))));
  fc.assert(
    fc.property(fc.oneof(nested, anyBytes), (bytes) => {
      const contents = decodeSmallContents(bytes);
      if (contents) t.deepEqual(responseOf(contents), PeerReadFilesResponse.decode(bytes));
      else t.pass();
    }),
    { numRuns: 2_000 },
  );
});
