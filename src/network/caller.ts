import { type ServerOptions, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';

import { type NodeId } from '../core/node-id.js';
import { type Greeting, type GreetingAnswer } from './greeting.js';
import { type LinkKind } from './link-facts.js';
import { type ChannelTag } from './membership.js';

/** Where a member of a channel may be reached, as this node tells others. */
export interface MemberAddress {
  readonly nodeId: NodeId;
  /** As `host:port`, the best first. */
  readonly addresses: readonly string[];
  /** True if this node is connected with it now. */
  readonly isConnected: boolean;
}

/** The node at the other end of one connection, as those see it that serve it. Its id is proven; what it tells is not. */
export interface Caller {
  readonly nodeId: NodeId;
  /** How its connection came here. */
  readonly kind: LinkKind;
  /** Where its connection comes from, as `host:port`, or the id of the relay; empty if that is not known. */
  readonly remoteAddress: string;
  /**
   * Aborted when the connection has ended or is about to: then its reason is a KacheryError, such as `not-authorized` or `daemon-stopping`, and calls that end
   * with it at once still reach the caller.
   */
  readonly signal: AbortSignal;

  /** Takes what the node says of itself, and answers what this node says to it. */
  greet(greeting: Greeting): GreetingAnswer;

  /**
   * Fails with `not-authorized` unless a channel that the node told and that this one has joined, too, authorises both now. Every call but Greet is checked so
   * before it reaches its handler; one that takes long asks again when it matters, or watches the signal.
   */
  authorize(): void;

  /** Of the channels that it told, those that this node has joined, too, and that authorise both now. */
  sharedTags(): readonly ChannelTag[];

  /** Other members of the channels that this node shares with it, or those of `among` only, as far as their addresses are known; at most 1,000. */
  members(among?: ReadonlySet<NodeId>): readonly MemberAddress[];
}

/** What one connection serves to its caller. */
export interface ServedToCaller {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** Such as interceptors. Sizes of messages and the number of streams are set unless they are here. */
  readonly options?: ServerOptions;
}

/** Makes what a connection serves; called once for each connection. */
export type ServeCaller = (caller: Caller) => ServedToCaller;
