import { limits } from '../../core/limits.js';

/** From where on channels are large, and what a node does in them. */
export interface LargeChannelBounds {
  /** Members, this node included, up to which a channel is small, and all of it connected and asked. */
  readonly smallChannelNodes: number;
  /** Connections with members of larger channels that a node keeps and has dialed. */
  readonly keptLinks: number;
}

/** What the daemon uses. */
export const largeChannelBounds: LargeChannelBounds = { smallChannelNodes: limits.smallChannelNodes, keptLinks: limits.keptLinks };
