import { type ChannelAddress } from './channel-address.js';
import { type ChannelNode } from './channel-config.js';
import { type ChannelRoles } from './channel-roles.js';

/** What is known of a joined channel. */
export interface JoinedChannelFacts {
  readonly address: ChannelAddress;
  /** Empty while it was never read. */
  readonly label: string;
  /** True if it lists this node. */
  readonly isAuthorized: boolean;
  /** Roles that this node takes. */
  readonly roles: ChannelRoles;
  /** Roles that count. */
  readonly grantedRoles: ChannelRoles;
  /** All that it lists. */
  readonly nodes: readonly ChannelNode[];
  /** Milliseconds since 1970 UTC; undefined if it was never read well. */
  readonly readAtMs: number | undefined;
  /** Why it could not be read the last time, for people; empty if it could. */
  readonly problem: string;
}
