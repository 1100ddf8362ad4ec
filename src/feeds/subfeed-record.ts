import { type ChainEnd, emptyChain } from '../core/entry-chain.js';

/** What is kept of a subfeed beside its messages, so that nothing has to be searched. */
export interface SubfeedRecord extends ChainEnd {
  /** When the last message was appended. */
  readonly timestampMs: number;
  /** Its name as canonical JSON; empty if it is not known. */
  readonly nameJson: string;
}

const emptySubfeed: SubfeedRecord = { ...emptyChain, timestampMs: 0, nameJson: '' };

const layoutVersion = 1;
const offsets = { length: 1, lastHash: 9, timestamp: 41, nameJson: 49 } as const;

/** The record as it is stored. */
export function encodeSubfeedRecord({ length, lastHash, timestampMs, nameJson }: SubfeedRecord): Buffer {
  const encoded = Buffer.alloc(offsets.nameJson + nameJson.length);
  encoded.writeUInt8(layoutVersion);
  encoded.writeBigUInt64BE(BigInt(length), offsets.length);
  encoded.set(lastHash, offsets.lastHash);
  encoded.writeDoubleBE(timestampMs, offsets.timestamp);
  encoded.write(nameJson, offsets.nameJson, 'latin1');
  return encoded;
}

/** The stored record; that of an empty subfeed if there is none. */
export function decodeSubfeedRecord(encoded: Buffer | undefined): SubfeedRecord {
  if (!encoded) return emptySubfeed;
  return {
    length: Number(encoded.readBigUInt64BE(offsets.length)),
    lastHash: encoded.subarray(offsets.lastHash, offsets.timestamp),
    timestampMs: encoded.readDoubleBE(offsets.timestamp),
    nameJson: encoded.toString('latin1', offsets.nameJson),
  };
}
