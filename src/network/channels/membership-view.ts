import { createHash } from 'node:crypto';

import { quoted } from '../../core/content-id.js';
import { KacheryError } from '../../core/failure.js';
import { type NodeId } from '../../core/node-id.js';
import { type ChannelTag, type Member, type Membership } from '../membership.js';
import { type ChannelAddress } from './channel-address.js';
import { type ChannelConfig, type ChannelNode } from './channel-config.js';
import { type ChannelRoles, grantedRoles } from './channel-roles.js';
import { channelTag } from './channel-tag.js';

/** A joined channel as it is known now; without a config if it was never read. */
export interface KnownChannel {
  readonly address: ChannelAddress;
  readonly roles: ChannelRoles;
  readonly config: ChannelConfig | undefined;
}

/** A channel from the place of one node. */
interface OwnChannel extends KnownChannel {
  readonly tag: ChannelTag;
  readonly nodes: ReadonlyMap<NodeId, ChannelNode>;
  readonly listsSelf: boolean;
  /** Whether this node serves everybody who has joined the channel. */
  readonly servesAll: boolean;
  /** Whether this node passes connections on between its members. */
  readonly isRelay: boolean;
}

/** What the joined channels say at one moment of who may talk to whom, from the place of one node. */
export class MembershipView implements Omit<Membership, 'watch'> {
  private readonly channels: ReadonlyMap<ChannelTag, OwnChannel>;
  private readonly memberMap: ReadonlyMap<NodeId, Member>;
  /** The same text for views that say the same, another for others. */
  readonly fingerprint: string;

  constructor(
    private readonly nodeId: NodeId,
    channels: readonly KnownChannel[],
  ) {
    this.channels = new Map(channels.map((channel) => ownChannel(channel, nodeId)).map((channel) => [channel.tag, channel]));
    this.memberMap = this.findMembers();
    this.fingerprint = fingerprintOf(channels);
  }

  tags(): readonly ChannelTag[] {
    return [...this.channels.keys()];
  }

  compare(nodeId: NodeId, tags: readonly ChannelTag[]): { readonly shared: readonly ChannelTag[]; readonly refused: readonly ChannelTag[] } {
    const joined = [...new Set(tags)].map((tag) => this.channels.get(tag)).filter((channel) => channel !== undefined);
    const shared = joined.filter((channel) => authorises(channel, nodeId)).map(({ tag }) => tag);
    return { shared, refused: joined.map(({ tag }) => tag).filter((tag) => !shared.includes(tag)) };
  }

  members(): ReadonlyMap<NodeId, Member> {
    return this.memberMap;
  }

  relays(one: NodeId, other: NodeId, tags: readonly ChannelTag[]): boolean {
    return tags.some((tag) => {
      const channel = this.channels.get(tag);
      const [first, second] = [channel?.nodes.get(one), channel?.nodes.get(other)];
      const mayTalk = first?.isPublic === true || second?.isPublic === true || (first !== undefined && second !== undefined);
      return channel?.isRelay === true && mayTalk;
    });
  }

  addressOf(channel: string): string {
    const all = [...this.channels.values()];
    const byAddress = all.find(({ address }) => address === channel);
    if (byAddress) return byAddress.address;
    const [first, ...others] = all.filter(({ config }) => config?.label === channel);
    if (first && others.length === 0) return first.address;
    throw notJoined(channel, first === undefined ? 'This node has not joined it' : 'Several joined channels have this label');
  }

  bootstrapAddresses(): readonly string[] {
    const addresses = [...this.channels.values()].filter(canBeOfUse).flatMap(({ config }) => config?.bootstrapAddresses ?? []);
    return [...new Set(addresses)];
  }

  private findMembers(): ReadonlyMap<NodeId, Member> {
    const members = new Map<NodeId, Member>();
    for (const channel of this.channels.values()) {
      for (const node of channel.nodes.values()) {
        if (node.nodeId !== this.nodeId && authorises(channel, node.nodeId))
          members.set(node.nodeId, withChannel(members.get(node.nodeId), node, channel.address));
      }
    }
    return members;
  }
}

function fingerprintOf(channels: readonly KnownChannel[]): string {
  const hash = createHash('sha256');
  for (const { address, roles, config } of channels) {
    const nodes = config?.nodes.map(({ nodeId, label, isRelay, isPublic }) => JSON.stringify([nodeId, label, isRelay, isPublic])).sort();
    hash.update(JSON.stringify([address, roles.relay, roles.public, config?.label, config?.bootstrapAddresses, nodes]));
  }
  return hash.digest('hex');
}

function ownChannel(channel: KnownChannel, nodeId: NodeId): OwnChannel {
  const nodes = new Map(channel.config?.nodes.map((node) => [node.nodeId, node]));
  const entry = nodes.get(nodeId);
  const granted = grantedRoles(channel.roles, entry);
  return { ...channel, tag: channelTag(channel.address), nodes, listsSelf: entry !== undefined, servesAll: granted.public, isRelay: granted.relay };
}

/** Whether the channel lets this node and one that has joined it talk. What role the other one takes is not known, so its entry in the file counts. */
function authorises({ nodes, listsSelf, servesAll }: OwnChannel, nodeId: NodeId): boolean {
  const other = nodes.get(nodeId);
  return servesAll || other?.isPublic === true || (listsSelf && other !== undefined);
}

/** Whether there is anybody who would talk to this node. */
function canBeOfUse({ nodes, listsSelf }: OwnChannel): boolean {
  return listsSelf || [...nodes.values()].some(({ isPublic }) => isPublic);
}

function withChannel(before: Member | undefined, { nodeId, label, isRelay }: ChannelNode, address: ChannelAddress): Member {
  if (!before) return { nodeId, label, channels: [address], isRelay };
  return { nodeId, label: before.label === '' ? label : before.label, channels: [...before.channels, address], isRelay: before.isRelay || isRelay };
}

function notJoined(channel: string, problem: string): KacheryError {
  return new KacheryError(
    'channel-not-joined',
    `The channel ${quoted(channel)} cannot be used: ${problem}. "kachery-p2p get-channels" lists those that it has joined.`,
    {
      channel: channel.slice(0, 1_000),
    },
  );
}
