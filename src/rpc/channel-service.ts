import {
  Channel,
  type ChannelRoles as RolesMessage,
  type ChannelServiceServer,
  LinkKind as LinkKindMessage,
  Peer,
} from '../../gen/ts/kachery_p2p/v1/channel_service.js';
import { compareByCodePoints } from '../core/code-point-order.js';
import { parseNodeId } from '../core/node-id.js';
import { channelAdvice, type ListedNode } from '../network/channels/channel-advice.js';
import { type ChannelRoles } from '../network/channels/channel-roles.js';
import { type Channels } from '../network/channels/channels.js';
import { type JoinedChannelFacts } from '../network/channels/joined-channel-facts.js';
import { type LinkFacts, type LinkKind } from '../network/link-facts.js';
import { type Member } from '../network/membership.js';
import { duration } from './duration.js';
import { type NodeDescription } from './node-service.js';
import { pageBehind } from './page-behind.js';
import { nextPageToken, parsePageSize, parsePageToken } from './paging.js';
import { unaryHandler } from './streams/unary-handler.js';
import { timestamp } from './timestamp.js';

/** What ChannelService works with. */
export interface ChannelServiceParts {
  readonly channels: Pick<Channels, 'join' | 'leave' | 'list' | 'members'>;
  /** The ways to other nodes, as they are now. */
  readonly links: { facts(): readonly LinkFacts[] };
  readonly node: NodeDescription;
}

const linkKinds: Readonly<Record<LinkKind, LinkKindMessage>> = {
  direct: LinkKindMessage.LINK_KIND_DIRECT,
  'hole-punched': LinkKindMessage.LINK_KIND_HOLE_PUNCHED,
  relayed: LinkKindMessage.LINK_KIND_RELAYED,
};

/** ChannelService over the channels of a node and its links. */
export function channelService({ channels, links, node }: ChannelServiceParts): ChannelServiceServer {
  const self = { nodeId: parseNodeId(node.nodeId), label: node.label };
  return {
    joinChannel: unaryHandler(async ({ address, roles }, { signal }) => ({
      channel: channelMessage(await channels.join(address, rolesOf(roles), { signal }), connectedNodes(links.facts()), self),
    })),
    leaveChannel: unaryHandler(async ({ address }) => {
      await channels.leave(address);
      return {};
    }),
    listChannels: unaryHandler(async ({ pageSize, pageToken }) => {
      const connected = connectedNodes(links.facts());
      const page = pageBehind(
        channels.list().map((channel) => channelMessage(channel, connected, self)),
        { after: parsePageToken(pageToken, isAddress), count: parsePageSize(pageSize), nameOf: addressOf, sizeOf: (channel) => sizeOf(Channel, channel) },
      );
      return { channels: [...page.items], nextPageToken: nextPageToken(page, addressOf) };
    }),
    listPeers: unaryHandler(async ({ pageSize, pageToken }) => {
      const page = pageBehind(listPeers(channels.members(), links.facts()), {
        ...{ after: parsePageToken(pageToken, isNodeId), count: parsePageSize(pageSize), nameOf: nodeIdOf, sizeOf: (peer) => sizeOf(Peer, peer) },
      });
      return { peers: [...page.items], nextPageToken: nextPageToken(page, nodeIdOf) };
    }),
  };
}

function rolesOf(roles: RolesMessage | undefined): ChannelRoles {
  return { relay: roles?.relay ?? false, public: roles?.public ?? false };
}

function connectedNodes(facts: readonly LinkFacts[]): ReadonlySet<string> {
  return new Set(facts.filter(({ isConnected }) => isConnected).map(({ nodeId }) => nodeId));
}

function channelMessage(channel: JoinedChannelFacts, connected: ReadonlySet<string>, self: ListedNode): Channel {
  const { address, label, isAuthorized, roles, grantedRoles, nodes, readAtMs, problem } = channel;
  return {
    ...{ address, label, isAuthorized, roles, grantedRoles, problem },
    authorizedNodes: nodes.length,
    connectedNodes: nodes.filter(({ nodeId }) => connected.has(nodeId)).length,
    readAt: readAtMs === undefined ? undefined : timestamp(readAtMs),
    advice: channelAdvice(channel, self),
  };
}

/** The nodes of the channels, and others that are connected, ordered by id. */
function listPeers(members: ReadonlyMap<string, Member>, facts: readonly LinkFacts[]): Peer[] {
  const factsById = new Map<string, LinkFacts>(facts.map((fact) => [fact.nodeId, fact]));
  const listed = [...members.values()].map((member) => peerMessage(member.nodeId, member, factsById.get(member.nodeId)));
  const visitors = facts.filter(({ nodeId, isConnected }) => isConnected && !members.has(nodeId)).map((fact) => peerMessage(fact.nodeId, undefined, fact));
  return [...listed, ...visitors].sort((one, other) => compareByCodePoints(one.nodeId, other.nodeId));
}

function peerMessage(nodeId: string, member: Member | undefined, facts: LinkFacts | undefined): Peer {
  const { roundTripMs, connectedAtMs, clockOffsetMs } = facts ?? {};
  return {
    nodeId,
    label: facts === undefined || facts.label === '' ? (member?.label ?? '') : facts.label,
    channels: [...(member?.channels ?? [])],
    isConnected: facts?.isConnected ?? false,
    link: facts?.kind === undefined ? LinkKindMessage.LINK_KIND_UNSPECIFIED : linkKinds[facts.kind],
    remoteAddress: facts?.remoteAddress ?? '',
    roundTrip: roundTripMs === undefined ? undefined : duration(roundTripMs),
    receivedBytesPerSecond: whole(facts?.receivedBytesPerSecond),
    sentBytesPerSecond: whole(facts?.sentBytesPerSecond),
    receivedBytes: whole(facts?.receivedBytes),
    sentBytes: whole(facts?.sentBytes),
    connectedAt: connectedAtMs === undefined ? undefined : timestamp(connectedAtMs),
    lastError: facts?.lastError ?? '',
    clockOffset: clockOffsetMs === undefined ? undefined : duration(clockOffsetMs),
    version: facts?.version ?? '',
    reachedAddresses: [...(facts?.reach?.reached ?? [])],
    unreachedAddresses: [...(facts?.reach?.unreached ?? [])],
  };
}

function whole(bytes = 0): bigint {
  return BigInt(Math.round(bytes));
}

function addressOf({ address }: Channel): string {
  return address;
}

function nodeIdOf({ nodeId }: Peer): string {
  return nodeId;
}

function isAddress(text: string): text is string {
  return text !== '';
}

function isNodeId(text: string): text is string {
  return /^[0-9a-f]{64}$/.test(text);
}

function sizeOf<Message>(type: { encode(message: Message): { finish(): Uint8Array } }, message: Message): number {
  return type.encode(message).finish().byteLength;
}
