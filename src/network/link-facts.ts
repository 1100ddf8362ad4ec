import { type NodeId } from '../core/node-id.js';
import { type AddressReach } from './addresses/address-reach.js';

/** How bytes go to another node, the best first. */
export const linkKinds = ['direct', 'hole-punched', 'relayed'] as const;

/** One of {@link linkKinds}. */
export type LinkKind = (typeof linkKinds)[number];

/** What is known of the way to another node, for people. */
export interface LinkFacts {
  readonly nodeId: NodeId;
  /** Name that it told, or that a channel gives it; may be empty. */
  readonly label: string;
  /** Version of its daemon; empty if it is not known. */
  readonly version: string;
  /** True if it is connected, and both nodes agree that a channel authorises them. */
  readonly isConnected: boolean;
  /** How it is connected; undefined if it is not. */
  readonly kind: LinkKind | undefined;
  /** Address at the other end of the connection, or the id of the relay; empty if it is not connected. */
  readonly remoteAddress: string;
  /** Time from a request to its answer, measured last, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** Lately. */
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** Over the present connections. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Milliseconds since 1970 UTC; undefined if it is not connected. */
  readonly connectedAtMs: number | undefined;
  /** Why it could not be connected the last time, for people; empty if it could or was not tried. */
  readonly lastError: string;
  /** How far its clock is before this node's, in milliseconds. */
  readonly clockOffsetMs: number | undefined;
  /** Where it has found this node, and where it has not, as it says; undefined if it is not connected. */
  readonly reach: AddressReach | undefined;
}
