import { type SignedHead } from '../core/feed-head.js';
import { type SubfeedAddress } from '../core/subfeed.js';

interface ForkRecord {
  readonly heads: readonly { readonly length: number; readonly lastHash: string; readonly signature: string }[];
}

/** The heads that prove a fork, as they are stored. */
export function encodeForkHeads(heads: readonly SignedHead[]): Buffer {
  const record: ForkRecord = {
    heads: heads.map(({ length, lastHash, signature }) => ({ length, lastHash: lastHash.toString('hex'), signature: signature.toString('hex') })),
  };
  return Buffer.from(JSON.stringify(record));
}

/** The stored heads; none if no fork is known. */
export function decodeForkHeads(subfeed: SubfeedAddress, encoded: Buffer | undefined): readonly SignedHead[] {
  if (!encoded) return [];
  const { heads } = JSON.parse(encoded.toString()) as ForkRecord;
  return heads.map(({ length, lastHash, signature }) => ({
    ...{ subfeed, length, lastHash: Buffer.from(lastHash, 'hex'), signature: Buffer.from(signature, 'hex') },
  }));
}
