"""The channels that the daemon's node has joined, and the other nodes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ._daemon_session import daemon_session
from ._limits import JOIN_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp

    from kachery_p2p import v1

    from ._session import Session


@dataclass(frozen=True)
class ChannelRoles:
    """What a node offers to a channel beyond its files and feeds.

    Attributes:
        relay: Passes connections on between members that cannot reach each other.
        public: Serves nodes that have joined the channel and are not listed in it, too.
    """

    relay: bool
    public: bool


@dataclass(frozen=True)
class Channel:
    """A channel that the node has joined.

    Attributes:
        address: Its URL, or its path on the daemon's machine.
        label: Its label; empty while it was never read.
        is_authorized: Whether it lists the node.
        roles: Roles that the node takes.
        granted_roles: Roles that count: taken by the node and granted by the channel.
        authorized_nodes: How many nodes it lists.
        connected_nodes: How many of those the node is connected with now.
        read_at: When it was last read well; None if it never was.
        problem: Why it could not be read the last time, for people; empty if it could. What was
            read before goes on to count.
        advice: What to do, for people, in several lines; empty if nothing.
    """

    address: str
    label: str
    is_authorized: bool
    roles: ChannelRoles
    granted_roles: ChannelRoles
    authorized_nodes: int
    connected_nodes: int
    read_at: datetime | None
    problem: str
    advice: str


@dataclass(frozen=True)
class Peer:
    """Another node that joined channels list, or a public one that the node talks to.

    Attributes:
        node_id: Its id, 64 hexadecimal digits.
        label: Name for people; may be empty.
        channels: Addresses of the joined channels that authorise it.
        is_connected: Whether it is connected now.
        link: How: ``direct``, ``hole-punched`` or ``relayed``; None if it is not connected.
        remote_address: Address at the other end, or the id of the relay; empty if not connected.
        round_trip_sec: Time from a call to its answer; None if it was never measured.
        received_bytes_per_sec: What came from it lately.
        sent_bytes_per_sec: What went to it lately.
        received_bytes: What came from it over the present connection.
        sent_bytes: What went to it over the present connection.
        connected_at: Since when it is connected; None if it is not.
        last_error: Why it could not be connected the last time, for people; empty if it could or
            was not tried.
        clock_offset_sec: How far its clock is before the node's; negative if it is behind, None
            if it was never measured.
        version: Version of its daemon; empty if it is not known.
        reached_addresses: Addresses at which it found the daemon's node the last time that it
            looked there, as it says.
        unreached_addresses: Addresses of the daemon's node at which it could not reach it the
            last time that it tried, as it says.
    """

    node_id: str
    label: str
    channels: tuple[str, ...]
    is_connected: bool
    link: str | None
    remote_address: str
    round_trip_sec: float | None
    received_bytes_per_sec: int
    sent_bytes_per_sec: int
    received_bytes: int
    sent_bytes: int
    connected_at: datetime | None
    last_error: str
    clock_offset_sec: float | None
    version: str
    reached_addresses: tuple[str, ...]
    unreached_addresses: tuple[str, ...]


def get_channels() -> list[Channel]:
    """The channels that the daemon's node has joined, in the order of their addresses.

    Raises:
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = _session()
    from kachery_p2p.v1 import ListChannelsRequest

    from ._calls import call_unary

    channels: list[Channel] = []
    request = ListChannelsRequest()
    while True:
        page = call_unary(session, lambda to: to.channels.ListChannels, request)
        channels.extend(_channel_of(message) for message in page.channels)
        if page.next_page_token == "":
            return channels
        request = ListChannelsRequest(page_token=page.next_page_token)


def join_channel(address: str, *, relay: bool = False, public: bool = False) -> Channel:
    """Joins a channel, or changes the roles that the node takes in one. It is read at once.

    A node that the channel does not list joins all the same; ``advice`` of what is returned says
    what to send to whom. Only the daemon's owner may join.

    Args:
        address: URL of the channel's raw YAML file, or its absolute path on the daemon's machine.
        relay: Pass connections on between members that cannot reach each other, if the channel
            grants it.
        public: Serve nodes that the channel does not list, too, if the channel grants it.

    Raises:
        InvalidArgumentError: The address cannot be, or what is there is not a channel; the
            message names the line.
        UnreachableError: The channel cannot be read now.
        NotPermittedError: The daemon is not this user's own.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = _session()
    from kachery_p2p import v1

    from ._calls import call_unary

    roles = v1.ChannelRoles(relay=relay, public=public)
    request = v1.JoinChannelRequest(address=address, roles=roles)
    response = call_unary(
        session, lambda to: to.channels.JoinChannel, request, JOIN_TIMEOUT_SECONDS
    )
    return _channel_of(response.channel)


def leave_channel(channel: str) -> None:
    """Leaves a channel. Only the daemon's owner may.

    Args:
        channel: Its address, or its label.

    Raises:
        NotFoundError: It is not joined.
        NotPermittedError: The daemon is not this user's own.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = _session()
    from kachery_p2p.v1 import LeaveChannelRequest

    from ._calls import call_unary

    request = LeaveChannelRequest(address=channel)
    call_unary(session, lambda to: to.channels.LeaveChannel, request)


def get_peers() -> list[Peer]:
    """The other nodes of the joined channels, connected ones first.

    Raises:
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = _session()
    from kachery_p2p.v1 import ListPeersRequest

    from ._calls import call_unary

    peers: list[Peer] = []
    request = ListPeersRequest()
    while True:
        page = call_unary(session, lambda to: to.channels.ListPeers, request)
        peers.extend(_peers_of(page.peers))
        if page.next_page_token == "":
            return sorted(peers, key=lambda peer: (not peer.is_connected, peer.label, peer.node_id))
        request = ListPeersRequest(page_token=page.next_page_token)


def _session() -> Session:
    return daemon_session("Channels are joined by a daemon")


def _channel_of(message: v1.Channel) -> Channel:
    return Channel(
        address=message.address,
        label=message.label,
        is_authorized=message.is_authorized,
        roles=_roles_of(message.roles),
        granted_roles=_roles_of(message.granted_roles),
        authorized_nodes=message.authorized_nodes,
        connected_nodes=message.connected_nodes,
        read_at=_datetime_of(message.read_at) if message.HasField("read_at") else None,
        problem=message.problem,
        advice=message.advice,
    )


def _roles_of(message: v1.ChannelRoles) -> ChannelRoles:
    return ChannelRoles(relay=message.relay, public=message.public)


def _peers_of(messages: Iterable[v1.Peer]) -> list[Peer]:
    from kachery_p2p.v1 import LinkKind

    links = {
        LinkKind.LINK_KIND_DIRECT: "direct",
        LinkKind.LINK_KIND_HOLE_PUNCHED: "hole-punched",
        LinkKind.LINK_KIND_RELAYED: "relayed",
    }
    return [_peer_of(message, links.get(message.link)) for message in messages]


def _peer_of(message: v1.Peer, link: str | None) -> Peer:
    has = message.HasField
    return Peer(
        node_id=message.node_id,
        label=message.label,
        channels=tuple(message.channels),
        is_connected=message.is_connected,
        link=link,
        remote_address=message.remote_address,
        round_trip_sec=_seconds_of(message.round_trip) if has("round_trip") else None,
        received_bytes_per_sec=message.received_bytes_per_second,
        sent_bytes_per_sec=message.sent_bytes_per_second,
        received_bytes=message.received_bytes,
        sent_bytes=message.sent_bytes,
        connected_at=_datetime_of(message.connected_at) if has("connected_at") else None,
        last_error=message.last_error,
        clock_offset_sec=_seconds_of(message.clock_offset) if has("clock_offset") else None,
        version=message.version,
        reached_addresses=tuple(message.reached_addresses),
        unreached_addresses=tuple(message.unreached_addresses),
    )


def _datetime_of(time: Timestamp) -> datetime:
    return time.ToDatetime().replace(tzinfo=timezone.utc)


def _seconds_of(span: Duration) -> float:
    return span.seconds + span.nanos / 1e9
