import { ListFile } from '../list-file.js';
import { type ChannelAddress, parseChannelAddress } from './channel-address.js';
import { type ChannelRoles } from './channel-roles.js';

/** A channel that this node has joined, and the roles that it takes there. */
export interface JoinedChannel {
  readonly address: ChannelAddress;
  readonly roles: ChannelRoles;
}

/** The channels that were joined. */
export const joinedChannelsFile = new ListFile<JoinedChannel>({
  field: 'channels',
  format: (channel) => channel,
  parse: parseJoined,
  name: 'list of joined channels',
  remedy: 'join the channels again',
  consequence: 'the joined channels stay as they were',
});

function parseJoined(value: unknown): JoinedChannel {
  const { address, roles } = value as { readonly address?: unknown; readonly roles?: Partial<Record<keyof ChannelRoles, unknown>> };
  if (typeof address !== 'string') throw new TypeError('a channel has no address');
  return { address: parseChannelAddress(address), roles: { relay: roles?.relay === true, public: roles?.public === true } };
}
