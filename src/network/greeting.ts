import { type AddressReach } from './addresses/address-reach.js';
import { type ChannelTag } from './membership.js';

/** What a node says of itself. */
export interface NodeFacts {
  /** Name that its owner gave it, for people; may be empty. */
  readonly label: string;
  /** Version of its daemon; may be empty. */
  readonly version: string;
  /** Where it takes direct connections, as `host:port`, the best first. */
  readonly addresses: readonly string[];
  /** True if it passes connections on between members that cannot reach each other. */
  readonly isRelay: boolean;
  /** Time of its clock, in milliseconds since 1970 UTC; undefined if it does not tell. */
  readonly clockMs: number | undefined;
}

/** What a node says at the beginning of a connection, and again when something of it changes. */
export interface Greeting {
  /** Of channels that it has joined. */
  readonly tags: readonly ChannelTag[];
  readonly node: NodeFacts;
}

/** The answer to a greeting. */
export interface GreetingAnswer {
  /** Of the tags that were told, those of joined channels that authorise both nodes. */
  readonly shared: readonly ChannelTag[];
  /** Of the tags that were told, those of joined channels that do not. */
  readonly refused: readonly ChannelTag[];
  /** Undefined if no channel is shared. */
  readonly node: NodeFacts | undefined;
  /** Where the greeting came from, as `host:port`; empty if that is not known. */
  readonly observedAddress: string;
  /** Where the one that answers has found the one that greeted, and where it has not. */
  readonly reach: AddressReach;
}
