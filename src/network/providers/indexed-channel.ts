import { type ChannelTag } from '../membership.js';
import { type RendezvousRanking } from './rendezvous-ranking.js';

/** A channel that is so large that its members keep an index of who has what, and find contents by it. */
export interface IndexedChannel {
  readonly address: string;
  readonly tag: ChannelTag;
  /** Its members, this node among them. */
  readonly ranking: RendezvousRanking;
}
