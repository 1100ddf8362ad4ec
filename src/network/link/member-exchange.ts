import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type AddressBook } from '../addresses/address-book.js';
import { type Membership } from '../membership.js';
import { learnAddresses } from './learn-addresses.js';
import { type Link } from './link.js';

/**
 * Asks a connected node where other members are, and notes what it says of those that a joined channel lists. Resolves with those that an address was told of.
 * Fails as every call.
 */
export async function exchangeMembers(link: Link, membership: Pick<Membership, 'members'>, book: AddressBook): Promise<readonly NodeId[]> {
  const { members: told } = await link.channel.unary(PeerServiceService.listMembers, {}, { signal: link.signal });
  const members = membership.members();
  const { kind, remoteAddress } = link.origin;
  const learned: NodeId[] = [];
  for (const { nodeId, addresses } of told.slice(0, limits.maxToldMembers)) {
    const member = members.get(nodeId as NodeId);
    if (!member || addresses.length === 0) continue;
    learnAddresses(book, member.nodeId, {
      addresses: addresses.slice(0, limits.maxNodeAddresses),
      origin: 'member',
      remoteAddress: kind === 'direct' ? remoteAddress : undefined,
    });
    learned.push(member.nodeId);
  }
  return learned;
}
