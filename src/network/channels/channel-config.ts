import { type NodeId } from '../../core/node-id.js';

/** A node as a channel's file lists it. */
export interface ChannelNode {
  readonly nodeId: NodeId;
  /** Name for people; may be empty. */
  readonly label: string;
  readonly isAdmin: boolean;
  /** Whether it may pass connections on: `isMessageProxy` or `isDataProxy` in the file. */
  readonly isRelay: boolean;
  /** Whether it may serve nodes that the channel does not list. */
  readonly isPublic: boolean;
}

/** What a channel's file says. */
export interface ChannelConfig {
  readonly label: string;
  /** Where nodes of the channel can be reached, as `host:port` or `[IPv6 address]:port`. */
  readonly bootstrapAddresses: readonly string[];
  /** Each node once. */
  readonly nodes: readonly ChannelNode[];
}
