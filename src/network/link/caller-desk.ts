import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type AddressBook } from '../addresses/address-book.js';
import { isLoopback } from '../addresses/is-loopback.js';
import { isOnlyLocal } from '../addresses/is-only-local.js';
import { parseNetworkAddress } from '../addresses/network-address.js';
import { type MemberAddress, type ServeCaller } from '../caller.js';
import { channelTag } from '../channels/channel-tag.js';
import { type Greeting, type GreetingAnswer, type NodeFacts } from '../greeting.js';
import { type ChannelTag, type Membership } from '../membership.js';
import { type CallerConnection, type CallerHost } from './caller-connection.js';
import { learnAddresses } from './learn-addresses.js';
import { type LinkTiming } from './link-timing.js';
import { type LargeChannels } from '../providers/large-channels.js';
import { type Neighbours } from './neighbours.js';

/** What the desk works with. */
export interface CallerDeskParts {
  readonly membership: Membership;
  readonly large: LargeChannels;
  readonly random: () => number;
  readonly neighbours: Neighbours;
  readonly addresses: AddressBook;
  readonly timing: LinkTiming;
  readonly serve: ServeCaller;
  /** What this node says of itself now. */
  readonly ownFacts: () => NodeFacts;
  /** Hears that a node which is authorised has greeted. */
  readonly onGreeted: (nodeId: NodeId) => void;
}

/** Answers greetings of other nodes, and tells them where members are. */
export class CallerDesk implements CallerHost {
  readonly membership: Membership;
  readonly timing: LinkTiming;
  readonly serve: ServeCaller;

  constructor(private readonly parts: CallerDeskParts) {
    this.membership = parts.membership;
    this.timing = parts.timing;
    this.serve = parts.serve;
  }

  answer(connection: CallerConnection, { node }: Greeting, { shared, refused }: ReturnType<Membership['compare']>): GreetingAnswer {
    if (shared.length === 0) return { shared, refused, node: undefined, observedAddress: '', reach: { reached: [], unreached: [] } };
    const { nodeId, remoteAddress, kind } = connection;
    this.checkRoom(nodeId);
    const neighbour = this.parts.neighbours.of(nodeId);
    neighbour.learn(node);
    neighbour.addCaller(connection);
    const directAddress = kind === 'direct' ? remoteAddress : undefined;
    learnAddresses(this.parts.addresses, nodeId, { addresses: node.addresses, origin: 'greeting', remoteAddress: directAddress });
    this.parts.onGreeted(nodeId);
    const reach = this.parts.addresses.reachOf(nodeId);
    return { shared, refused, node: this.parts.ownFacts(), observedAddress: directAddress ?? '', reach };
  }

  membersOf(
    tags: readonly ChannelTag[],
    to: { readonly nodeId: NodeId; readonly remoteAddress: string },
    among?: ReadonlySet<NodeId>,
  ): readonly MemberAddress[] {
    const shared = new Set(tags);
    const tagsOfChannels = new Map<string, ChannelTag>();
    const isShared = (channel: string): boolean => {
      const tag = tagsOfChannels.get(channel) ?? channelTag(channel);
      tagsOfChannels.set(channel, tag);
      return shared.has(tag);
    };
    const isSameMachine = isLoopback(parseNetworkAddress(to.remoteAddress)?.host ?? '');
    const isUseful = (address: string): boolean => isSameMachine || !isOnlyLocal(parseNetworkAddress(address)?.host ?? '');
    const members: MemberAddress[] = [];
    const all = this.membership.members();
    for (const { nodeId, channels } of among ? [...among].flatMap((each) => all.get(each) ?? []) : this.fromAnywhere([...all.values()])) {
      if (members.length >= limits.maxToldMembers) break;
      if (nodeId === to.nodeId || !channels.some(isShared)) continue;
      const addresses = this.addressesToTell(nodeId).filter(isUseful);
      const isConnected = this.parts.neighbours.get(nodeId)?.best !== undefined;
      if (addresses.length > 0 || isConnected) members.push({ nodeId, addresses, isConnected });
    }
    return members;
  }

  /** Where there are more members than are told, those who ask again hear of others. */
  private fromAnywhere<Item>(items: readonly Item[]): readonly Item[] {
    if (items.length <= limits.maxToldMembers) return items;
    const from = Math.floor(this.parts.random() * items.length);
    return [...items.slice(from), ...items.slice(0, from)];
  }

  /** In a large channel a node meets few of the members, so what others said is passed on, too, as long as it was not found to be wrong here. */
  private addressesToTell(nodeId: NodeId): readonly string[] {
    const { addresses, large } = this.parts;
    const firstHand = addresses.firstHandAddressesOf(nodeId);
    return firstHand.length > 0 || large.isClose(nodeId) ? firstHand : addresses.untriedAddressesOf(nodeId);
  }

  private checkRoom(nodeId: NodeId): void {
    const { neighbours, large } = this.parts;
    const max = 2 * limits.maxLinks;
    if (neighbours.get(nodeId)?.isThere || neighbours.count(({ isThere }) => isThere) < max) return;
    const unused = neighbours.all().find((neighbour) => neighbour.isThere && !neighbour.isDialed && neighbour.isUnused && !large.isClose(neighbour.nodeId));
    if (unused) {
      unused.drop(new KacheryError('too-busy', 'The connection was closed, for nobody used it and others are needed.', {}));
      return;
    }
    throw new KacheryError('too-busy', `This node is connected with ${String(max)} others already, as many as it may.`, { limit: String(max) });
  }
}
