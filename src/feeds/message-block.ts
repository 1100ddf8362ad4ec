import { crc32 } from 'node:zlib';

import { EntryChain } from '../core/entry-chain.js';
import { KacheryError } from '../core/failure.js';
import { type NodeId } from '../core/node-id.js';
import { type SubfeedAddress } from '../core/subfeed.js';
import { offsetBehind, unpackMessages } from './packed-messages.js';

/** Messages of one append that follow each other, with what proves them. One that was read computes its fields, so it cannot be copied with a spread. */
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
  /** The feed's signature behind the last message; undefined if the one that proves them follows in a later block. */
  readonly signature: Buffer | undefined;
  /** In place of `signature`: one that nobody has looked at, for a later one proves these messages too. It may be wrong. */
  readonly uncheckedSignature?: Buffer | undefined;
  /** The messages, see packed-messages.ts. */
  readonly packed: Buffer;
}

const layoutVersion = 1;
const flags = { signed: 1, submitted: 2, unchecked: 4 } as const;
const offsets = {
  checksum: 1,
  position: 5,
  count: 13,
  timestamp: 17,
  flags: 25,
  submitter: 26,
  previousHash: 58,
  lastHash: 90,
  signature: 122,
  packed: 186,
} as const;
const two32 = 2 ** 32;

/** The block as it is stored under its position. */
export function encodeBlock(block: MessageBlock): Buffer {
  const encoded = Buffer.alloc(offsets.packed + block.packed.byteLength);
  encoded.writeUInt8(layoutVersion);
  encoded.writeBigUInt64BE(BigInt(block.position), offsets.position);
  encoded.writeUInt32BE(block.count, offsets.count);
  encoded.writeDoubleBE(block.timestampMs, offsets.timestamp);
  const signature = block.signature ?? block.uncheckedSignature;
  const signatureFlag = block.signature ? flags.signed : block.uncheckedSignature ? flags.unchecked : 0;
  encoded.writeUInt8(signatureFlag | (block.submitter === undefined ? 0 : flags.submitted), offsets.flags);
  if (block.submitter !== undefined) encoded.write(block.submitter, offsets.submitter, 'hex');
  encoded.set(block.previousHash, offsets.previousHash);
  encoded.set(block.lastHash, offsets.lastHash);
  if (signature) encoded.set(signature, offsets.signature);
  encoded.set(block.packed, offsets.packed);
  encoded.writeUInt32BE(crc32(encoded.subarray(offsets.position)), offsets.checksum);
  return encoded;
}

/** The stored block that begins at a position, as a view on what was read. Fails with `content-corrupt` if it is another, or not what was written. */
export function decodeBlock(subfeed: SubfeedAddress, position: number, encoded: Buffer): MessageBlock {
  const block = decodeAnyBlock(encoded);
  if (block?.position !== position) throw damagedMessages(subfeed, position);
  return block;
}

/** The stored block, as a view on what was read; undefined if it is not what was written. */
export function decodeAnyBlock(encoded: Buffer): MessageBlock | undefined {
  if (encoded.byteLength < offsets.packed || encoded[0] !== layoutVersion) return undefined;
  return crc32(encoded.subarray(offsets.position)) === encoded.readUInt32BE(offsets.checksum) ? new StoredBlock(encoded) : undefined;
}

/** Makes of what was read only what is looked at: a read of many small blocks is bound by this. */
class StoredBlock implements MessageBlock {
  readonly position: number;
  readonly count: number;
  readonly packed: Buffer;

  constructor(private readonly encoded: Buffer) {
    this.position = encoded.readUInt32BE(offsets.position) * two32 + encoded.readUInt32BE(offsets.position + 4);
    this.count = encoded.readUInt32BE(offsets.count);
    this.packed = encoded.subarray(offsets.packed);
  }

  get timestampMs(): number {
    return this.encoded.readDoubleBE(offsets.timestamp);
  }

  get submitter(): NodeId | undefined {
    return this.has(flags.submitted) ? (this.encoded.toString('hex', offsets.submitter, offsets.previousHash) as NodeId) : undefined;
  }

  get previousHash(): Buffer {
    return this.encoded.subarray(offsets.previousHash, offsets.lastHash);
  }

  get lastHash(): Buffer {
    return this.encoded.subarray(offsets.lastHash, offsets.signature);
  }

  get signature(): Buffer | undefined {
    return this.has(flags.signed) ? this.encoded.subarray(offsets.signature, offsets.packed) : undefined;
  }

  get uncheckedSignature(): Buffer | undefined {
    return this.has(flags.unchecked) ? this.encoded.subarray(offsets.signature, offsets.packed) : undefined;
  }

  private has(flag: number): boolean {
    return ((this.encoded[offsets.flags] ?? 0) & flag) !== 0;
  }
}

/** The first `count` messages of a block; they prove nothing by themselves. */
export function takeMessages({ position, timestampMs, submitter, previousHash, lastHash, packed }: MessageBlock, count: number): MessageBlock {
  const taken = packed.subarray(0, offsetBehind(packed, count));
  return { position, count, timestampMs, submitter, previousHash, lastHash, signature: undefined, packed: taken };
}

/** The block, whose signature nobody has looked at. */
export function withUncheckedSignature(block: MessageBlock): MessageBlock {
  const { position, count, timestampMs, submitter, previousHash, lastHash, packed } = block;
  const uncheckedSignature = block.signature ?? block.uncheckedSignature;
  return { position, count, timestampMs, submitter, previousHash, lastHash, signature: undefined, uncheckedSignature, packed };
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
  const { timestampMs, submitter, lastHash, signature, uncheckedSignature } = block;
  const rest = { position: block.position + count, count: block.count - count, packed: block.packed.subarray(offsetBehind(block.packed, count)) };
  return { ...rest, timestampMs, submitter, previousHash: hashBehind(subfeed, block, count), lastHash, signature, uncheckedSignature };
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
