import { type Duration } from '../../gen/ts/google/protobuf/duration.js';
import {
  type Channel as ChannelMessage,
  type ChannelRoles as RolesMessage,
  LinkKind as LinkKindMessage,
  type Peer as PeerMessage,
} from '../../gen/ts/kachery_p2p/v1/channel_service.js';
import { type Channel, type ChannelRoles, type LinkKind, type Peer } from './channels.js';
import { dateOf } from './date-of.js';
import { required } from './required.js';

const linkKinds: Readonly<Record<LinkKindMessage, LinkKind | undefined>> = {
  [LinkKindMessage.LINK_KIND_UNSPECIFIED]: undefined,
  [LinkKindMessage.LINK_KIND_DIRECT]: 'direct',
  [LinkKindMessage.LINK_KIND_HOLE_PUNCHED]: 'hole-punched',
  [LinkKindMessage.LINK_KIND_RELAYED]: 'relayed',
};

/** A channel as the daemon tells of it. */
export function channelOf(message: ChannelMessage | undefined): Channel {
  const { address, label, isAuthorized, roles, grantedRoles, authorizedNodes, connectedNodes, readAt, problem, advice } = required(message, 'channel');
  return {
    ...{ address, label, isAuthorized, authorizedNodes, connectedNodes, problem, advice },
    roles: rolesOf(roles),
    grantedRoles: rolesOf(grantedRoles),
    readAt: readAt && dateOf(readAt),
  };
}

/** Another node as the daemon tells of it. */
export function peerOf(message: PeerMessage): Peer {
  const { nodeId, label, channels, isConnected, remoteAddress, lastError, version, reachedAddresses, unreachedAddresses } = message;
  return {
    ...{ nodeId, label, channels, isConnected, remoteAddress, lastError, version, reachedAddresses, unreachedAddresses },
    link: linkKinds[message.link],
    roundTripMs: millisecondsOf(message.roundTrip),
    receivedBytesPerSecond: Number(message.receivedBytesPerSecond),
    sentBytesPerSecond: Number(message.sentBytesPerSecond),
    receivedBytes: Number(message.receivedBytes),
    sentBytes: Number(message.sentBytes),
    connectedAt: message.connectedAt && dateOf(message.connectedAt),
    clockOffsetMs: millisecondsOf(message.clockOffset),
  };
}

function rolesOf(roles: RolesMessage | undefined): ChannelRoles {
  return { relay: roles?.relay ?? false, public: roles?.public ?? false };
}

function millisecondsOf(span: Duration | undefined): number | undefined {
  return span && Number(span.seconds) * 1_000 + span.nanos / 1_000_000;
}
