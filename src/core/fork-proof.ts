import { isSignedByFeed, type SignedHead } from './feed-head.js';

/** Two heads of one subfeed and one length that differ: the feed's key has signed two histories. */
export interface ForkProof {
  readonly first: SignedHead;
  readonly second: SignedHead;
}

/** Tells whether two heads prove that a feed was forked, to anybody who knows no more than them. */
export function isForkProof({ first, second }: ForkProof): boolean {
  const isSameSubfeed = first.subfeed.feedId === second.subfeed.feedId && first.subfeed.subfeedHash === second.subfeed.subfeedHash;
  const differ = first.length === second.length && !first.lastHash.equals(second.lastHash);
  return isSameSubfeed && differ && isSignedByFeed(first) && isSignedByFeed(second);
}
