import { createHash, hash } from 'node:crypto';

import { type NodeId } from './node-id.js';
import { type SubfeedAddress } from './subfeed.js';

const entryHashBytes = 32;

/** How far a chain of entries goes: the number of its entries, and the hash of the last one; zeros if there is none. */
export interface ChainEnd {
  readonly length: number;
  readonly lastHash: Buffer;
}

/** The end of a chain without entries. */
export const emptyChain: ChainEnd = { length: 0, lastHash: Buffer.alloc(entryHashBytes) };

const tag = 'kachery-p2p/feed-entry/1';
const offsets = { feedId: 24, subfeedHash: 56, position: 76, timestamp: 84, submitter: 92, previousHash: 124, size: 156, message: 160 } as const;
const two32 = 2 ** 32;

/** Messages up to this size are hashed in one call, behind their header in one buffer; larger ones are not copied. */
const maxInlineBytes = 2048;

/**
 * The entries of a subfeed from some position on, each hashed with the hash of the one before. The layout of what is hashed is in docs/formats/feed.md. A hash
 * depends on feed, subfeed, position and everything that came before.
 */
export class EntryChain {
  private readonly layout = Buffer.alloc(offsets.message + maxInlineBytes);
  /** The layout with messages of some sizes, by their size: to make a view takes a quarter of the time of its hash. */
  private readonly views: Buffer[] = [];
  private count: number;

  /** @param start Where the chain goes on from; it is taken as it is. */
  constructor({ feedId, subfeedHash }: SubfeedAddress, start: ChainEnd = emptyChain) {
    this.layout.write(tag, 'latin1');
    this.layout.write(feedId, offsets.feedId, 'hex');
    this.layout.write(subfeedHash, offsets.subfeedHash, 'hex');
    this.layout.set(start.lastHash, offsets.previousHash);
    this.count = start.length;
  }

  /** Says when and by whom the entries that follow were appended: milliseconds since 1970 UTC, undefined for the feed's owner. */
  stamp(timestampMs: number, submitter: NodeId | undefined): void {
    const high = Math.floor(timestampMs / two32);
    this.layout.writeInt32BE(high, offsets.timestamp);
    this.layout.writeUInt32BE(timestampMs - high * two32, offsets.timestamp + 4);
    if (submitter === undefined) this.layout.fill(0, offsets.submitter, offsets.previousHash);
    else this.layout.write(submitter, offsets.submitter, 'hex');
  }

  /** Adds an entry with this message. */
  add(message: Uint8Array): void {
    const { layout } = this;
    layout.writeUInt32BE(Math.floor(this.count / two32), offsets.position);
    layout.writeUInt32BE(this.count % two32, offsets.position + 4);
    layout.writeUInt32BE(message.byteLength, offsets.size);
    const digest = this.digest(message);
    // For so few bytes a call into the system's code takes longer.
    for (let index = 0; index < entryHashBytes; index++) layout[offsets.previousHash + index] = digest.charCodeAt(index);
    this.count++;
  }

  /** How far the chain goes now. */
  get end(): ChainEnd {
    return { length: this.count, lastHash: Buffer.from(this.layout.subarray(offsets.previousHash, offsets.size)) };
  }

  /** Strings spare the two allocations of a hash in a buffer, half of the time of a small message. */
  private digest(message: Uint8Array): string {
    const { layout } = this;
    if (message.byteLength > maxInlineBytes) return createHash('sha256').update(layout.subarray(0, offsets.message)).update(message).digest('binary');
    layout.set(message, offsets.message);
    const view = (this.views[message.byteLength] ??= layout.subarray(0, offsets.message + message.byteLength));
    return hash('sha256', view, 'binary');
  }
}
