import { crc32 } from 'node:zlib';

import { entryHashBytes, EntryChain } from '../core/entry-chain.js';
import { signatureBytes } from '../core/feed-head.js';
import { KacheryError } from '../core/failure.js';
import { type NodeId } from '../core/node-id.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { offsetBehind, unpackMessages } from './packed-messages.js';

/** Messages of one append that follow each other, with what proves them. */
export interface MessageBlock {
  /** Of the first message. */
  readonly position: number;
  readonly count: number;
  readonly timestampMs: number;
  /** The node that submitted them; undefined for the feed's owner. */
  readonly submitter: NodeId | undefined;
  /** Hash of the entry before the first message. */
  readonly previousHash: Buffer;
  /** Hash of the last message's entry. */
  readonly lastHash: Buffer;
  /** The feed's signature behind the last message; undefined if more of the same append follows. */
  readonly signature: Buffer | undefined;
  /** The messages, see packed-messages.ts. */
  readonly packed: Buffer;
}

const layoutVersion = 1;
const offsets = { checksum: 1, count: 5, timestamp: 9, isSigned: 17, submitter: 18, previousHash: 50, lastHash: 82, signature: 114, packed: 178 } as const;
const noSubmitter = '0'.repeat(2 * entryHashBytes);

/** The block as it is stored under its position. */
export function encodeBlock(block: MessageBlock): Buffer {
  const encoded = Buffer.alloc(offsets.packed + block.packed.byteLength);
  encoded.writeUInt8(layoutVersion);
  encoded.writeUInt32BE(block.count, offsets.count);
  encoded.writeDoubleBE(block.timestampMs, offsets.timestamp);
  encoded.writeUInt8(block.signature ? 1 : 0, offsets.isSigned);
  if (block.submitter !== undefined) encoded.write(block.submitter, offsets.submitter, 'hex');
  encoded.set(block.previousHash, offsets.previousHash);
  encoded.set(block.lastHash, offsets.lastHash);
  if (block.signature) encoded.set(block.signature, offsets.signature);
  encoded.set(block.packed, offsets.packed);
  encoded.writeUInt32BE(crc32(encoded.subarray(offsets.count)), offsets.checksum);
  return encoded;
}

/** The block that is stored at a position, as a view on what was read. Fails with `content-corrupt` if it is not what was written. */
export function decodeBlock(subfeed: SubfeedAddress, position: number, encoded: Buffer): MessageBlock {
  if (
    encoded.byteLength < offsets.packed ||
    encoded[0] !== layoutVersion ||
    crc32(encoded.subarray(offsets.count)) !== encoded.readUInt32BE(offsets.checksum)
  ) {
    throw damagedMessages(subfeed, position);
  }
  const submitter = encoded.toString('hex', offsets.submitter, offsets.previousHash);
  return {
    position,
    count: encoded.readUInt32BE(offsets.count),
    timestampMs: encoded.readDoubleBE(offsets.timestamp),
    submitter: submitter === noSubmitter ? undefined : (submitter as NodeId),
    previousHash: encoded.subarray(offsets.previousHash, offsets.lastHash),
    lastHash: encoded.subarray(offsets.lastHash, offsets.signature),
    signature: encoded[offsets.isSigned] === 1 ? encoded.subarray(offsets.signature, offsets.signature + signatureBytes) : undefined,
    packed: encoded.subarray(offsets.packed),
  };
}

/** Hash of the entry of the block's message number `count`, counted from 1; for 0 that of the entry before the block. */
export function hashBehind(subfeed: SubfeedAddress, block: MessageBlock, count: number): Buffer {
  if (count === block.count) return block.lastHash;
  const chain = new EntryChain(subfeed, { length: block.position, lastHash: block.previousHash });
  chain.stamp(block.timestampMs, block.submitter);
  for (const message of unpackMessages(block.packed.subarray(0, offsetBehind(block.packed, count)))) chain.add(message);
  return chain.end.lastHash;
}

/** The block without its first `count` messages; it proves the rest as before. */
export function dropMessages(subfeed: SubfeedAddress, block: MessageBlock, count: number): MessageBlock {
  const rest = { position: block.position + count, count: block.count - count, packed: block.packed.subarray(offsetBehind(block.packed, count)) };
  return { ...block, ...rest, previousHash: hashBehind(subfeed, block, count) };
}

/** What a reader of damaged or missing messages is told. */
export function damagedMessages({ feedId, subfeedHash }: SubfeedAddress, position: number): KacheryError {
  const uri = `feed://${feedId}/~${subfeedHash}`;
  return new KacheryError(
    'content-corrupt',
    `The messages of ${uri} from position ${String(position)} on are damaged or missing in this node's database. Put the folder "feeds" of its ` +
      'configuration directory back from a copy.',
    { uri },
  );
}
