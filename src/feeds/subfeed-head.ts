import { type SignedHead } from '../core/feed-head.js';
import { type SubfeedAddress } from '../core/subfeed.js';

/** What a node knows, or says that it knows, of the end of a subfeed. */
export interface SubfeedHead {
  readonly subfeed: SubfeedAddress;
  /** Canonical JSON; undefined if no more than the hash is known. */
  readonly nameJson: string | undefined;
  /** Undefined if the node has no messages of it. */
  readonly head: SignedHead | undefined;
  /** Two heads that contradict each other; none if the node knows one history only. */
  readonly fork: readonly SignedHead[];
}
