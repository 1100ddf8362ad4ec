import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

import { type ChainEnd } from './entry-chain.js';
import { type FeedId } from './feed-id.js';
import { type SubfeedAddress } from './subfeed.js';

const signatureBytes = 64;

/** What a feed's key has signed: that the subfeed's chain ended here. */
export interface SignedHead extends ChainEnd {
  readonly subfeed: SubfeedAddress;
  readonly signature: Buffer;
}

const tag = 'kachery-p2p/feed-head/1\0';
/** What stands before the 32 bytes of an ed25519 public key in its usual encoding (SubjectPublicKeyInfo, RFC 8410). */
const publicKeyPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Keys that were made last: to make one takes as long as to check a signature with it. */
const publicKeys = new Map<FeedId, KeyObject>();
const maxPublicKeys = 100;

/** The bytes that are signed for the end of a chain; their layout is in docs/formats/feed.md. */
export function headBytes({ feedId, subfeedHash }: SubfeedAddress, { length, lastHash }: ChainEnd): Buffer {
  const lengthBytes = Buffer.alloc(8);
  lengthBytes.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from(tag, 'latin1'), Buffer.from(feedId, 'hex'), Buffer.from(subfeedHash, 'hex'), lengthBytes, lastHash]);
}

/** Signs the end of a chain with the feed's private key. */
export function signHead(subfeed: SubfeedAddress, end: ChainEnd, privateKey: KeyObject): SignedHead {
  return { subfeed, ...end, signature: sign(null, headBytes(subfeed, end), privateKey) };
}

/** Tells whether the feed's key has signed this head. */
export function isSignedByFeed({ subfeed, length, lastHash, signature }: SignedHead): boolean {
  if (signature.byteLength !== signatureBytes) return false;
  return verify(null, headBytes(subfeed, { length, lastHash }), publicKeyOf(subfeed.feedId), signature);
}

function publicKeyOf(feedId: FeedId): KeyObject {
  const known = publicKeys.get(feedId);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.concat([publicKeyPrefix, Buffer.from(feedId, 'hex')]), format: 'der', type: 'spki' });
  const [first] = publicKeys.keys();
  if (first !== undefined && publicKeys.size >= maxPublicKeys) publicKeys.delete(first);
  publicKeys.set(feedId, key);
  return key;
}
