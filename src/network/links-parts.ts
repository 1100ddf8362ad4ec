import { type Clock } from '../core/clock.js';
import { type StructuredLog } from '../core/structured-log.js';
import { type AddressBook } from './addresses/address-book.js';
import { type ServeCaller } from './caller.js';
import { type Carrier } from './link/carrier.js';
import { type LinkTiming } from './link/link-timing.js';
import { type Membership } from './membership.js';
import { type LargeChannelBounds } from './providers/large-channel-bounds.js';
import { type NodeIdentity } from './node-identity.js';

/** What the links work with. */
export interface LinksParts {
  readonly identity: NodeIdentity;
  readonly membership: Membership;
  readonly addresses: AddressBook;
  /** Ways to carry bytes. The links close them. */
  readonly carriers: readonly Carrier[];
  readonly serve: ServeCaller;
  readonly clock: Clock;
  /** A number from 0 to 1, without 1, each time another one: Math.random. */
  readonly random: () => number;
  readonly log: StructuredLog;
}

/** What this node says of itself to others, and how patient it is. */
export interface LinksOptions {
  /** Name for people; may be empty. */
  readonly label: string;
  readonly version: string;
  /** Where others reach this node, as `host:port`, if that is not an address of this machine, such as a forwarded port. */
  readonly announcedAddresses?: readonly string[];
  /** Addresses, as `host:port`, that are always tried, beside those of channels. */
  readonly staticPeers?: readonly string[];
  /** Whether this node passes connections on between others now. */
  readonly isRelay?: () => boolean;
  /** What differs from the usual in large channels. For tests, as what follows. */
  readonly largeChannels?: Partial<LargeChannelBounds> | undefined;
  readonly timing?: Partial<LinkTiming>;
}
