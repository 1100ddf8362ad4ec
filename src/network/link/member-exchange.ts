import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type AddressBook } from '../addresses/address-book.js';
import { type Membership } from '../membership.js';
import { learnAddresses } from './learn-addresses.js';
import { type Link } from './link.js';

/**
 * Asks a connected node where other members are, and notes what it says of those that a joined channel lists: their addresses, and with
 * which of them it is connected, so that it may lead to them. Resolves with those that it told something of. Fails as every call.
 */
export async function exchangeMembers(link: Link, membership: Pick<Membership, 'members'>, book: AddressBook): Promise<readonly NodeId[]> {
  const { members: told } = await link.channel.unary(PeerServiceService.listMembers, {}, { signal: link.signal });
  const members = membership.members();
  const { kind, remoteAddress } = link.origin;
  const learned: NodeId[] = [];
  const neighbours = new Set<NodeId>();
  for (const { nodeId, addresses, isConnected } of told.slice(0, limits.maxToldMembers)) {
    const member = members.get(nodeId as NodeId);
    if (!member || (addresses.length === 0 && !isConnected)) continue;
    if (isConnected) neighbours.add(member.nodeId);
    learnAddresses(book, member.nodeId, {
      addresses: addresses.slice(0, limits.maxNodeAddresses),
      origin: 'member',
      remoteAddress: kind === 'direct' ? remoteAddress : undefined,
    });
    learned.push(member.nodeId);
  }
  link.neighbours = neighbours;
  return learned;
}
