import { type NodeId } from '../core/node-id.js';

/** Tag of a channel, 64 lower-case hexadecimal digits: see GreetRequest in peer_service.proto. */
export type ChannelTag = string & { readonly __brand: 'ChannelTag' };

/** A node that a joined channel lists. */
export interface Member {
  readonly nodeId: NodeId;
  /** Name for people; may be empty. */
  readonly label: string;
  /** Addresses of the joined channels that authorise it and this node. */
  readonly channels: readonly string[];
  readonly isRelay: boolean;
}

/** What the joined channels say of who may talk to whom, as they were last read. */
export interface Membership {
  /** Tags of all joined channels. */
  tags(): readonly ChannelTag[];

  /** Of the tags that a node told, those of joined channels that authorise it and this node now; and those of joined channels that do not. */
  compare(nodeId: NodeId, tags: readonly ChannelTag[]): { readonly shared: readonly ChannelTag[]; readonly refused: readonly ChannelTag[] };

  /** The nodes other than this one that joined channels which authorise this node list. */
  members(): ReadonlyMap<NodeId, Member>;

  /** Whether, in one of the channels with these tags, this node has and takes the role of a relay, and two others may talk to each other. */
  relays(one: NodeId, other: NodeId, tags: readonly ChannelTag[]): boolean;

  /** The address of the joined channel of this address or label. Fails with `channel-not-joined`. */
  addressOf(channel: string): string;

  /** Where the joined channels say that a member can be reached: `host:port`. Whose node is there is not known before it is dialed. */
  bootstrapAddresses(): readonly string[];

  /** Calls `onChange` after each change, until the function that it returns is called. */
  watch(onChange: () => void): () => void;
}
