import { KacheryError } from '../../src/core/failure.js';
import { type NodeId } from '../../src/core/node-id.js';
import { channelTag } from '../../src/network/channels/channel-tag.js';
import { type ChannelTag, type Member, type Membership } from '../../src/network/membership.js';

/** A channel as a test has it: who is listed. */
export interface MemoryChannel {
  readonly address: string;
  readonly nodeIds: readonly NodeId[];
  readonly relays?: readonly NodeId[];
  readonly bootstrapAddresses?: readonly string[];
}

/** Joined channels in memory. */
export class MemoryMembership implements Membership {
  private readonly watchers = new Set<() => void>();
  private found: ReadonlyMap<NodeId, Member> | undefined;

  constructor(
    private readonly ownId: NodeId,
    private channels: readonly MemoryChannel[],
  ) {}

  /** Puts other channels in the place of these. */
  change(channels: readonly MemoryChannel[]): void {
    this.channels = channels;
    this.found = undefined;
    for (const watcher of this.watchers) watcher();
  }

  /** Whether a channel says that this node is a relay. */
  get isRelay(): boolean {
    return this.channels.some(({ relays = [] }) => relays.includes(this.ownId));
  }

  tags(): readonly ChannelTag[] {
    return this.channels.map(({ address }) => channelTag(address));
  }

  compare(nodeId: NodeId, tags: readonly ChannelTag[]) {
    const known = this.channels.filter(({ address }) => tags.includes(channelTag(address)));
    const authorizes = ({ nodeIds }: MemoryChannel): boolean => nodeIds.includes(nodeId) && nodeIds.includes(this.ownId);
    return {
      shared: known.filter(authorizes).map(({ address }) => channelTag(address)),
      refused: known.filter((channel) => !authorizes(channel)).map(({ address }) => channelTag(address)),
    };
  }

  members(): ReadonlyMap<NodeId, Member> {
    return (this.found ??= this.find());
  }

  private find(): ReadonlyMap<NodeId, Member> {
    const own = this.channels.filter(({ nodeIds }) => nodeIds.includes(this.ownId));
    const ids = new Set(own.flatMap(({ nodeIds }) => nodeIds).filter((nodeId) => nodeId !== this.ownId));
    const channelsOf = (nodeId: NodeId): string[] => own.filter(({ nodeIds }) => nodeIds.includes(nodeId)).map(({ address }) => address);
    return new Map(
      [...ids].map((nodeId) => [nodeId, { nodeId, label: '', channels: channelsOf(nodeId), isRelay: own.some(({ relays = [] }) => relays.includes(nodeId)) }]),
    );
  }

  relays(one: NodeId, other: NodeId, tags: readonly ChannelTag[]): boolean {
    return this.channels.some(
      ({ address, nodeIds, relays = [] }) =>
        tags.includes(channelTag(address)) && relays.includes(this.ownId) && nodeIds.includes(one) && nodeIds.includes(other),
    );
  }

  addressOf(channel: string): string {
    const found = this.channels.find(({ address }) => address === channel);
    if (!found) throw new KacheryError('channel-not-joined', `${channel} is not joined`);
    return found.address;
  }

  bootstrapAddresses(): readonly string[] {
    return this.channels.flatMap(({ bootstrapAddresses = [] }) => bootstrapAddresses);
  }

  watch(onChange: () => void): () => void {
    this.watchers.add(onChange);
    return () => this.watchers.delete(onChange);
  }
}
