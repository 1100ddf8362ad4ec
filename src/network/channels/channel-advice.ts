import { type NodeId } from '../../core/node-id.js';
import { type ChannelNode } from './channel-config.js';
import { type ChannelRoles } from './channel-roles.js';
import { formatChannelNode } from './format-channel-node.js';
import { type JoinedChannelFacts } from './joined-channel-facts.js';

/** This node, as others shall know it. */
export interface ListedNode {
  readonly nodeId: NodeId;
  readonly label: string;
}

/** What the user of this node should do about a channel, for people, in several lines; empty if nothing. */
export function channelAdvice(channel: JoinedChannelFacts, node: ListedNode): string {
  if (channel.label === '') return '';
  const entry = formatChannelNode({ ...node, isRelay: channel.roles.relay, isPublic: channel.roles.public });
  if (!channel.isAuthorized) return `${owner(channel)}, for this node is not listed in it yet. In the file, below "authorizedNodes:", add:\n${entry}`;
  const refused = refusedRoles(channel.roles, channel.grantedRoles);
  if (refused === '') return '';
  return `${owner(channel)}, which does not grant this node the role ${refused}. In the file, the entry of this node needs these lines:\n${entry}`;
}

function owner({ label, nodes }: JoinedChannelFacts): string {
  const admins = nodes.filter(({ isAdmin }) => isAdmin).map(nameOf);
  const names = admins.length === 0 ? '' : ` (${admins.slice(0, maxNames).join(', ')}${admins.length > maxNames ? ', …' : ''})`;
  return `Send this to the owner of the channel ${label}${names}`;
}

const maxNames = 5;
const shortIdLength = 8;

function nameOf({ label, nodeId }: ChannelNode): string {
  return label === '' ? `the node ${nodeId.slice(0, shortIdLength)}…` : label;
}

function refusedRoles(taken: ChannelRoles, granted: ChannelRoles): string {
  const refused = [...(taken.relay && !granted.relay ? ['relay'] : []), ...(taken.public && !granted.public ? ['public'] : [])];
  return refused.join(' and ');
}
