"""One gRPC channel a process and daemon, made when it is needed."""

from __future__ import annotations

import os
import threading

import grpc

from kachery_p2p.v1 import (
    ChannelServiceStub,
    FeedServiceStub,
    FileServiceStub,
    MutableServiceStub,
    NodeServiceStub,
    ReadFileRequest,
    StoreFileResponse,
)

from ._data_messages import data_of_read_response
from ._fork_gate import fork_gate
from ._limits import MAX_MESSAGE_BYTES

_OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Proxies of the environment are for the web.
    ("grpc.enable_http_proxy", 0),
    # A new channel tries to connect at once, whatever an earlier one has met.
    ("grpc.use_local_subchannel_pool", 1),
    # What is interrupted goes on at its offset; nothing needs to be kept to send it again.
    ("grpc.enable_retries", 0),
    # A peer that vanished is noticed while a call is under way.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


class Connection:
    """A channel and the methods that are called on it.

    Attributes:
        files: Stub of the FileService.
        node: Stub of the NodeService.
        feeds: Stub of the FeedService.
        mutables: Stub of the MutableService.
        channels: Stub of the ChannelService.
        send_file: StoreFile, taking messages that are already encoded.
        read_file: ReadFile, giving the data of each message.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self.files = FileServiceStub(self._channel)
        self.node = NodeServiceStub(self._channel)
        self.feeds = FeedServiceStub(self._channel)
        self.mutables = MutableServiceStub(self._channel)
        self.channels = ChannelServiceStub(self._channel)
        self.send_file: grpc.StreamUnaryMultiCallable[bytes, StoreFileResponse]
        self.send_file = self._channel.stream_unary(
            "/kachery_p2p.v1.FileService/StoreFile",
            request_serializer=None,
            response_deserializer=StoreFileResponse.FromString,
        )
        self.read_file = self._channel.unary_stream(
            "/kachery_p2p.v1.FileService/ReadFile",
            request_serializer=ReadFileRequest.SerializeToString,
            response_deserializer=data_of_read_response,
        )


_connections: dict[str, Connection] = {}
_lock = threading.Lock()


def connection_to(address: str) -> Connection:
    """This process's connection to an address."""
    with _lock:
        connection = _connections.get(address)
        if connection is None:
            with fork_gate.passed():
                connection = _connections[address] = Connection(address)
        return connection


def forget_connection(address: str, connection: Connection) -> None:
    """Lets the next call connect anew. Calls under way on the old connection go on."""
    with _lock:
        if _connections.get(address) is connection:
            del _connections[address]


def _forget_parent() -> None:
    """In a forked process: the parent's channels and locks are the parent's."""
    global _connections, _lock
    _parents.append(_connections)
    _connections = {}
    _lock = threading.Lock()


# Channels of parent processes are kept: to close one would speak on the parent's socket.
_parents: list[dict[str, Connection]] = []

os.register_at_fork(after_in_child=_forget_parent)
