import { type CallOptions } from './call-options.js';

/** What a node offers to a channel beyond its files and feeds. */
export interface ChannelRoles {
  /** Passes connections on between members that cannot reach each other. */
  readonly relay: boolean;
  /** Serves nodes that have joined the channel and are not listed in it, too. */
  readonly public: boolean;
}

/** A channel that the node has joined. */
export interface Channel {
  /** An http(s) URL, or a path on the daemon's machine. */
  readonly address: string;
  /** Empty while the channel was never read. */
  readonly label: string;
  /** True if the channel lists the node. */
  readonly isAuthorized: boolean;
  /** Roles that the node takes. */
  readonly roles: ChannelRoles;
  /** Roles that count: taken by the node and granted by the channel. */
  readonly grantedRoles: ChannelRoles;
  /** How many nodes the channel lists. */
  readonly authorizedNodes: number;
  /** How many of those the node is connected with now. */
  readonly connectedNodes: number;
  /** When the channel was last read well; undefined if it never was. */
  readonly readAt: Date | undefined;
  /** Why it could not be read the last time, for people; empty if it could. What was read before goes on to count. */
  readonly problem: string;
  /** What its user should do, for people, in several lines; empty if nothing. */
  readonly advice: string;
}

/** How bytes go to another node: over TCP, over a connection that was punched through NATs, or through another member. */
export type LinkKind = 'direct' | 'hole-punched' | 'relayed';

/** Another node that joined channels list, or a public one that the node talks to. */
export interface Peer {
  readonly nodeId: string;
  /** Name for people; may be empty. */
  readonly label: string;
  /** Addresses of the joined channels that authorise it. */
  readonly channels: readonly string[];
  readonly isConnected: boolean;
  /** How it is connected; undefined if it is not. */
  readonly link: LinkKind | undefined;
  /** Address at the other end, or the id of the relay; empty if it is not connected. */
  readonly remoteAddress: string;
  /** Undefined if it was never measured. */
  readonly roundTripMs: number | undefined;
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** Over the present connection. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Undefined if it is not connected. */
  readonly connectedAt: Date | undefined;
  /** Why it could not be connected the last time, for people; empty if it could or was not tried. */
  readonly lastError: string;
  /** How far its clock is before the node's, in milliseconds; negative if it is behind. */
  readonly clockOffsetMs: number | undefined;
  /** Version of its daemon; empty if it is not known. */
  readonly version: string;
  /** Addresses at which it found the daemon's node the last time that it looked there, as it says. */
  readonly reachedAddresses: readonly string[];
  /** Addresses of the daemon's node at which it could not reach it the last time that it tried, as it says. */
  readonly unreachedAddresses: readonly string[];
}

/** Options of joining a channel: the roles that the node takes there, none if they are left out. */
export interface JoinChannelOptions extends CallOptions {
  readonly relay?: boolean | undefined;
  readonly public?: boolean | undefined;
}

/** The channels that the node has joined, and the other nodes that it knows through them. Offline each method fails with `offline`. */
export interface Channels {
  /**
   * Joins a channel, or changes the roles of the node in one; the channel is read at once. `address` is an http(s) URL or an absolute path on the daemon's machine.
   * A node that the channel does not list joins all the same: see `isAuthorized` and `advice`. Owner only. Fails with `channel-invalid` and `channel-unavailable`.
   */
  join(address: string, options?: JoinChannelOptions): Promise<Channel>;
  /** Leaves a channel, named by its address or its label. Owner only. Fails with `channel-not-joined`. */
  leave(channel: string, options?: CallOptions): Promise<void>;
  /** The joined channels, in the order of their addresses. */
  list(options?: CallOptions): Promise<Channel[]>;
  /** The other nodes, connected ones first. */
  peers(options?: CallOptions): Promise<Peer[]>;
}
