import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

import { type Timestamp } from '../../../gen/ts/google/protobuf/timestamp.js';
import { type BatchProof, MessageBatch } from '../../../gen/ts/kachery_p2p/v1/feed_service.js';
import { limits } from '../../core/limits.js';
import { parseNodeId } from '../../core/node-id.js';
import { type MessageBlock } from '../../feeds/message-block.js';
import { measurePacked, packMessages } from '../../feeds/packed-messages.js';
import { MalformedAnswer } from './malformed-answer.js';

/** What a ReadMessagesResponse or WatchMessagesResponse of another node says. */
export interface DecodedMessages {
  /** Well-formed, of bounded size, and not proven. Views on what came. */
  readonly blocks: readonly MessageBlock[];
  readonly subfeedIndex: number;
}

/** What the fields are called in peer_service.proto. */
const fields = { batches: 1, subfeedIndex: 2 } as const;
const hashBytes = 32;
const signatureBytes = 64;
/** Milliseconds before or after 1970 that a Date can tell. */
const maxTimeMs = 8.64e15;

/** The messages of an answer with proofs, as they are kept: nothing is made for any one of them. Fails with MalformedAnswer. */
export function decodeMessageBlocks(encoded: Buffer): DecodedMessages {
  try {
    return decodeResponse(encoded);
  } catch (error) {
    throw new MalformedAnswer(`it sent ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function decodeResponse(encoded: Buffer): DecodedMessages {
  const reader = new BinaryReader(encoded);
  const blocks: MessageBlock[] = [];
  let subfeedIndex = 0;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === fields.batches && type === WireType.LengthDelimited) blocks.push(decodeBatch(reader.bytes()));
    else if (field === fields.subfeedIndex && type === WireType.Varint) subfeedIndex = reader.uint32();
    else reader.skip(type, field);
  }
  return { blocks, subfeedIndex };
}

function decodeBatch(bytes: Uint8Array): MessageBlock {
  const { count, end } = measurePacked(bytes, limits.maxFeedMessageBytes);
  const rest = MessageBatch.decode(bytes.subarray(end));
  if (rest.messages.length > 0) return blockOf(MessageBatch.decode(bytes));
  return blockOf(rest, { count, packed: Buffer.from(bytes.buffer, bytes.byteOffset, end) });
}

/** A block of a batch, whose messages are `packed` already if they came as they are kept. */
function blockOf({ messages, position, appendedAt, submitterNodeId, proof }: MessageBatch, content = pack(messages)): MessageBlock {
  const { count, packed } = content;
  if (count === 0 || count > limits.maxAppendMessages) throw new RangeError(`${String(count)} messages in one batch`);
  if (count > 1 && packed.byteLength > limits.feedBlockBytes) throw new RangeError(`a batch of ${String(packed.byteLength)} bytes`);
  if (position > BigInt(Number.MAX_SAFE_INTEGER - count)) throw new RangeError(`position ${String(position)}`);
  const { previousHash, lastHash, signature } = checkProof(proof);
  const submitter = submitterNodeId === '' ? undefined : parseNodeId(submitterNodeId);
  // In one piece, since copying parts would cost more than all the rest where batches are small.
  const timestampMs = timeOf(appendedAt);
  return { position: Number(position), count, timestampMs, submitter, previousHash, lastHash, signature: isSigned(signature) ? signature : undefined, packed };
}

function pack(messages: readonly Buffer[]): { count: number; packed: Buffer } {
  const largest = messages.reduce((size, { byteLength }) => Math.max(size, byteLength), 0);
  if (largest > limits.maxFeedMessageBytes) throw new RangeError(`a message of ${String(largest)} bytes`);
  return { count: messages.length, packed: packMessages(messages) };
}

function checkProof(proof: BatchProof | undefined): BatchProof {
  if (proof?.previousHash.byteLength !== hashBytes || proof.lastHash.byteLength !== hashBytes) throw new RangeError('a batch without a proof');
  if (isSigned(proof.signature) && proof.signature.byteLength !== signatureBytes) throw new RangeError('half a signature');
  return proof;
}

function isSigned(signature: Buffer): boolean {
  return signature.byteLength > 0;
}

function timeOf(time: Timestamp | undefined): number {
  const timeMs = Number(time?.seconds ?? NaN) * 1000 + Math.floor((time?.nanos ?? 0) / 1_000_000);
  if (!(Math.abs(timeMs) <= maxTimeMs)) throw new RangeError('a time that is none');
  return timeMs;
}
