import { type ChannelNode } from './channel-config.js';

/** What a node offers to a channel beyond its files and feeds. */
export interface ChannelRoles {
  /** Passes connections on between members that cannot reach each other. */
  readonly relay: boolean;
  /** Serves nodes that have joined the channel and are not listed in it, too. */
  readonly public: boolean;
}

/** The roles that count: those that this node takes and its entry in the channel's file grants. */
export function grantedRoles(taken: ChannelRoles, entry: ChannelNode | undefined): ChannelRoles {
  return { relay: taken.relay && entry?.isRelay === true, public: taken.public && entry?.isPublic === true };
}
