import { type MessageBlock } from '../../feeds/message-block.js';
import { ReadBuffers } from '../../storage/read-buffers.js';
import { varintSize, writeVarint } from '../codec/varint.js';
import { frameHeadroomBytes } from '../interceptors/frame-in-place.js';

/** A ReadMessagesResponse or WatchMessagesResponse that is encoded already, behind unused bytes for the frame of its message. */
export interface EncodedMessages {
  readonly data: Buffer;
  readonly headroomBytes: number;
}

/** Of a response with as many messages as are read at a time, with room for those of the append that ends it. */
const usualBytes = 512 * 1024;
/** Buffers that are kept while nobody reads. */
const maxFreeBuffers = 4;

/** What responses are encoded into; one may be released when it was sent. */
export function responseBuffers(): ReadBuffers {
  return new ReadBuffers(usualBytes, maxFreeBuffers);
}

/** What the fields are called in feed_service.proto. */
const fields = {
  response: { batches: 1, subfeedIndex: 2 },
  batch: { position: 2, appendedAt: 3, submitterNodeId: 4, proof: 5 },
  timestamp: { seconds: 1, nanos: 2 },
  proof: { previousHash: 1, lastHash: 2, signature: 3 },
} as const;

const varintType = 0;
const lengthDelimitedType = 2;
/** Bytes of a batch beside its messages, at most: position, time, submitter, proof. */
const maxTailBytes = 300;

/**
 * As `ReadMessagesResponse.encode`: a response with these blocks, whose messages are copied as they are stored, with nothing made for any one of them. With a
 * `subfeedIndex`, as `WatchMessagesResponse.encode`.
 */
export function encodeMessages(
  blocks: readonly MessageBlock[],
  { withProofs, subfeedIndex = 0, buffers }: { readonly withProofs: boolean; readonly subfeedIndex?: number; readonly buffers: ReadBuffers },
): EncodedMessages {
  const tails = new BatchTails(blocks, withProofs);
  const indexBytes = subfeedIndex === 0 ? 0 : 1 + varintSize(subfeedIndex);
  let sizeBytes = frameHeadroomBytes + indexBytes;
  for (const [index, { packed }] of blocks.entries()) sizeBytes += fieldSize(packed.byteLength + tails.sizeOf(index));
  const target = buffers.acquire(sizeBytes).subarray(0, sizeBytes);
  let offset: number = frameHeadroomBytes;
  for (const [index, { packed }] of blocks.entries()) {
    offset = writeHead(target, offset, fields.response.batches, packed.byteLength + tails.sizeOf(index));
    target.set(packed, offset);
    offset = tails.copy(index, target, offset + packed.byteLength);
  }
  if (indexBytes > 0) writeNumber(target, offset, fields.response.subfeedIndex, subfeedIndex);
  return { data: target.subarray(frameHeadroomBytes), headroomBytes: frameHeadroomBytes };
}

/** What stands behind the messages of each batch. */
class BatchTails {
  private readonly bytes: Buffer;
  private readonly ends: number[] = [];

  constructor(blocks: readonly MessageBlock[], withProofs: boolean) {
    this.bytes = Buffer.allocUnsafe(blocks.length * maxTailBytes);
    let offset = 0;
    for (const block of blocks) {
      offset = writeTail(this.bytes, offset, block, withProofs);
      this.ends.push(offset);
    }
  }

  sizeOf(index: number): number {
    return (this.ends[index] ?? 0) - this.startOf(index);
  }

  copy(index: number, target: Buffer, offset: number): number {
    return offset + this.bytes.copy(target, offset, this.startOf(index), this.ends[index]);
  }

  private startOf(index: number): number {
    return this.ends[index - 1] ?? 0;
  }
}

function writeTail(target: Buffer, start: number, block: MessageBlock, withProofs: boolean): number {
  let offset = start;
  if (block.position > 0) offset = writeNumber(target, offset, fields.batch.position, block.position);
  offset = writeTime(target, offset, block.timestampMs);
  if (block.submitter !== undefined) offset = writeBytes(target, offset, fields.batch.submitterNodeId, Buffer.from(block.submitter, 'latin1'));
  return withProofs ? writeProof(target, offset, block) : offset;
}

function writeTime(target: Buffer, start: number, timestampMs: number): number {
  const seconds = Math.floor(timestampMs / 1000);
  const nanos = (timestampMs - seconds * 1000) * 1_000_000;
  const sizeBytes = (seconds === 0 ? 0 : 1 + signedVarintSize(seconds)) + (nanos === 0 ? 0 : 1 + varintSize(nanos));
  let offset = writeHead(target, start, fields.batch.appendedAt, sizeBytes);
  if (seconds !== 0) offset = writeNumber(target, offset, fields.timestamp.seconds, seconds);
  return nanos === 0 ? offset : writeNumber(target, offset, fields.timestamp.nanos, nanos);
}

function writeProof(target: Buffer, start: number, { previousHash, lastHash, signature }: MessageBlock): number {
  const parts = [previousHash, lastHash, ...(signature ? [signature] : [])];
  const sizeBytes = parts.reduce((sum, { byteLength }) => sum + fieldSize(byteLength), 0);
  let offset = writeHead(target, start, fields.batch.proof, sizeBytes);
  offset = writeBytes(target, offset, fields.proof.previousHash, previousHash);
  offset = writeBytes(target, offset, fields.proof.lastHash, lastHash);
  return signature ? writeBytes(target, offset, fields.proof.signature, signature) : offset;
}

function writeBytes(target: Buffer, start: number, field: number, bytes: Buffer): number {
  const offset = writeHead(target, start, field, bytes.byteLength);
  target.set(bytes, offset);
  return offset + bytes.byteLength;
}

/** A negative number is written as protobuf does: in two's complement of 64 bits. */
function writeNumber(target: Buffer, start: number, field: number, value: number): number {
  target[start] = (field << 3) | varintType;
  if (value >= 0) return writeVarint(target, start + 1, value);
  let offset = start + 1;
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) target[offset++] = Number(rest & 0x7fn) | 0x80;
  target[offset++] = Number(rest);
  return offset;
}

function writeHead(target: Buffer, offset: number, field: number, sizeBytes: number): number {
  target[offset] = (field << 3) | lengthDelimitedType;
  return writeVarint(target, offset + 1, sizeBytes);
}

function fieldSize(valueBytes: number): number {
  return 1 + varintSize(valueBytes) + valueBytes;
}

function signedVarintSize(value: number): number {
  return value < 0 ? 10 : varintSize(value);
}
