import { type NodeId } from '../../core/node-id.js';
import { channelTag } from '../channels/channel-tag.js';
import { type Member, type Membership } from '../membership.js';
import { type IndexedChannel } from './indexed-channel.js';
import { type LargeChannelBounds, largeChannelBounds } from './large-channel-bounds.js';
import { RendezvousRanking } from './rendezvous-ranking.js';

/** Relays of large channels that come first among the members to be connected with. */
const relaysFirst = 3;

interface View {
  readonly members: ReadonlyMap<NodeId, Member>;
  readonly channels: readonly IndexedChannel[];
  /** Members who share a small channel with this node. */
  readonly close: ReadonlySet<NodeId>;
  readonly order: readonly NodeId[];
}

/** Which of the joined channels are so large that not all members are connected and asked, as the channels are now. */
export class LargeChannels {
  private readonly bounds: LargeChannelBounds;
  private view: View | undefined;

  /** @param bounds What differs from the usual; for tests. */
  constructor(
    private readonly ownId: NodeId,
    private readonly membership: Pick<Membership, 'members'>,
    bounds: Partial<LargeChannelBounds> = {},
  ) {
    this.bounds = { ...largeChannelBounds, ...bounds };
  }

  /** How many connections with their members this node keeps that it has dialed. */
  get keptLinks(): number {
    return this.bounds.keptLinks;
  }

  /** The large ones. */
  all(): readonly IndexedChannel[] {
    return this.now().channels;
  }

  /** Whether a node is connected and asked in any case: one with which this one shares a small channel, or that no channel lists. */
  isClose(nodeId: NodeId): boolean {
    const { close, members, channels } = this.now();
    return channels.length === 0 || close.has(nodeId) || !members.has(nodeId);
  }

  /** The other members of large channels in this node's own order: with whom it keeps connections. A few relays come first. */
  order(): readonly NodeId[] {
    return this.now().order;
  }

  private now(): View {
    const members = this.membership.members();
    if (this.view?.members !== members) this.view = this.look(members);
    return this.view;
  }

  private look(members: ReadonlyMap<NodeId, Member>): View {
    const byChannel = new Map<string, NodeId[]>();
    for (const { nodeId, channels } of members.values()) {
      for (const address of channels) {
        const known = byChannel.get(address);
        if (known) known.push(nodeId);
        else byChannel.set(address, [nodeId]);
      }
    }
    const isLarge = ([, nodeIds]: [string, NodeId[]]): boolean => nodeIds.length + 1 > this.bounds.smallChannelNodes;
    const large = [...byChannel].filter(isLarge);
    const close = new Set([...byChannel].filter((channel) => !isLarge(channel)).flatMap(([, nodeIds]) => nodeIds));
    const channels = large.map(([address, nodeIds]) => ({ address, tag: channelTag(address), ranking: new RendezvousRanking([...nodeIds, this.ownId]) }));
    const around = new RendezvousRanking(new Set(large.flatMap(([, nodeIds]) => nodeIds))).around(this.ownId);
    const relays = around.filter((nodeId) => members.get(nodeId)?.isRelay === true).slice(0, relaysFirst);
    return { members, channels, close, order: [...new Set([...relays, ...around])] };
  }
}
