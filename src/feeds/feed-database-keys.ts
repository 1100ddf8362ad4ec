import { type FeedId } from '../core/feed-id.js';
import { type SubfeedAddress, type SubfeedHash } from '../core/subfeed.js';
import { keysWithPrefix, type KeyRange } from '../kv/key-range.js';

const feedIdBytes = 32;
const subfeedHashBytes = 20;
const numberSizeBytes = 8;

/** The keys of the database of feeds: a letter for the kind of the record, then ids and numbers as bytes, so that the order is that of what they stand for. */
export const feedDatabaseKeys = {
  feed: (id: FeedId): Buffer => key('f', Buffer.from(id, 'hex')),
  name: (name: string): Buffer => key('n', Buffer.from(name)),
  deletedFeed: (id: FeedId): Buffer => key('d', Buffer.from(id, 'hex')),
  /** Deleted, with messages that are still to be removed. */
  unclearedFeed: (id: FeedId): Buffer => key('c', Buffer.from(id, 'hex')),
  subfeed: (subfeed: SubfeedAddress): Buffer => key('s', addressBytes(subfeed)),
  rules: (subfeed: SubfeedAddress): Buffer => key('r', addressBytes(subfeed)),
  fork: (subfeed: SubfeedAddress): Buffer => key('k', addressBytes(subfeed)),
  block: (subfeed: SubfeedAddress, position: number): Buffer => key('b', addressBytes(subfeed), numberBytes(position)),
  request: (generation: number, subfeed: SubfeedAddress, requestId: string): Buffer =>
    key('q', numberBytes(generation), addressBytes(subfeed), Buffer.from(requestId)),
  requestState: Buffer.from('Q'),
};

/** The ranges of keys that belong together. */
export const feedDatabaseRanges = {
  feeds: (): KeyRange => keysWithPrefix(Buffer.from('f')),
  unclearedFeeds: (): KeyRange => keysWithPrefix(Buffer.from('c')),
  subfeeds: (id: FeedId): KeyRange => keysWithPrefix(key('s', Buffer.from(id, 'hex'))),
  blocks: (subfeed: SubfeedAddress): KeyRange => keysWithPrefix(key('b', addressBytes(subfeed))),
  /** All requests of generations before this one. */
  requestsBefore: (generation: number): KeyRange => ({ gte: Buffer.from('q'), lt: key('q', numberBytes(generation)) }),
  /** Everything that a feed's deletion removes behind its record. */
  ofFeed: (id: FeedId): KeyRange[] => ['s', 'r', 'k', 'b'].map((kind) => keysWithPrefix(key(kind, Buffer.from(id, 'hex')))),
};

/** The feed of the key of a feed's record, or of a deletion's. */
export function feedOfKey(recordKey: Buffer): FeedId {
  return recordKey.toString('hex', 1, 1 + feedIdBytes) as FeedId;
}

/** The hash in the key of a subfeed's record. */
export function subfeedHashOfKey(recordKey: Buffer): SubfeedHash {
  return recordKey.toString('hex', 1 + feedIdBytes, 1 + feedIdBytes + subfeedHashBytes) as SubfeedHash;
}

function key(kind: string, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(kind), ...parts]);
}

function addressBytes({ feedId, subfeedHash }: SubfeedAddress): Buffer {
  return Buffer.from(feedId + subfeedHash, 'hex');
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(numberSizeBytes);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
