import { PeerServiceService } from '../../../gen/ts/kachery_p2p/peer/v1/peer_service.js';
import { KacheryError } from '../../core/failure.js';
import { limits } from '../../core/limits.js';
import { type NodeId } from '../../core/node-id.js';
import { type AddressBook } from '../addresses/address-book.js';
import { learnAddresses } from '../link/learn-addresses.js';
import { type Link } from '../link/link.js';
import { wrongAnswer } from '../link/peer-failure.js';
import { type Links } from '../links.js';
import { type ChannelTag, type Membership } from '../membership.js';
import { type RequestOptions } from '../peer.js';
import { type IndexNetwork } from './index-network.js';
import { type IndexedChannel } from './indexed-channel.js';
import { type RecordKey } from './record-key.js';

/** What it works with. */
export interface LinkedIndexNetworkParts {
  readonly ownId: NodeId;
  readonly links: Pick<Links, 'large' | 'linkTo' | 'connect'>;
  readonly membership: Pick<Membership, 'compare'>;
  readonly addresses: AddressBook;
}

/** The members of large channels, as the links reach them. */
export class LinkedIndexNetwork implements IndexNetwork {
  constructor(private readonly parts: LinkedIndexNetworkParts) {}

  get ownId(): NodeId {
    return this.parts.ownId;
  }

  channels(): readonly IndexedChannel[] {
    return this.parts.links.large.all();
  }

  isConnected(nodeId: NodeId): boolean {
    return this.parts.links.linkTo(nodeId) !== undefined;
  }

  async connect(nodeId: NodeId, { signal }: RequestOptions = {}): Promise<boolean> {
    await this.parts.links.connect([nodeId], signal);
    return this.isConnected(nodeId);
  }

  async announce(nodeId: NodeId, tag: ChannelTag, keys: readonly RecordKey[], { signal }: RequestOptions = {}): Promise<number> {
    const request = { channelTag: Buffer.from(tag, 'hex'), recordKeys: keys.map((key) => Buffer.from(key, 'hex')) };
    const { keptKeys } = await this.linkTo(nodeId).channel.unary(PeerServiceService.announceContents, request, { signal });
    return Math.min(keptKeys, keys.length);
  }

  async findProviders(nodeId: NodeId, tag: ChannelTag, keys: readonly RecordKey[], { signal }: RequestOptions = {}): Promise<readonly (readonly NodeId[])[]> {
    const link = this.linkTo(nodeId);
    const request = { channelTag: Buffer.from(tag, 'hex'), recordKeys: keys.map((key) => Buffer.from(key, 'hex')) };
    const { results, members } = await link.channel.unary(PeerServiceService.findProviders, request, { signal });
    if (results.length !== keys.length) throw wrongAnswer(link, 'it answered for other contents than it was asked about');
    const isMember = (provider: string): provider is NodeId => this.parts.membership.compare(provider as NodeId, [tag]).shared.length > 0;
    const remoteAddress = link.origin.kind === 'direct' ? link.origin.remoteAddress : undefined;
    for (const member of members.slice(0, limits.maxToldMembers)) {
      if (!isMember(member.nodeId)) continue;
      const addresses = member.addresses.slice(0, limits.maxNodeAddresses);
      learnAddresses(this.parts.addresses, member.nodeId, { addresses, origin: 'member', remoteAddress });
    }
    return results.map(({ nodeIds }) => nodeIds.slice(0, limits.maxToldProviders).filter(isMember));
  }

  private linkTo(nodeId: NodeId): Link {
    const link = this.parts.links.linkTo(nodeId);
    if (!link) throw new KacheryError('node-unreachable', `${nodeId}: it is not connected any more`, { node: nodeId });
    return link;
  }
}
