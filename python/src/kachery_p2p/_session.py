"""What is known of the daemon: who it is, where its storage directory is, what we may do."""

from __future__ import annotations

import os
import threading
import time
from typing import NamedTuple

import grpc

from kachery_p2p.v1 import GetNodeRequest, GetNodeResponse

from ._access_token import AccessToken, choose_token
from ._connection import connection_to, forget_connection
from ._content_tree import ContentTree
from ._errors import KacheryError, failure
from ._limits import PROBE_SECONDS, UNARY_TIMEOUT_SECONDS
from ._owned_text import read_owned_text
from ._settings import Settings
from ._status import failure_of
from ._unary import call_briefly


class Session(NamedTuple):
    """The daemon of some settings, as it was at the last probe.

    Attributes:
        settings: The settings that led to it.
        node: What the daemon told of itself.
        storage: Its storage directory, if it is visible on this machine.
        access: The token to use.
        expires: When to probe again, on the monotonic clock.
    """

    settings: Settings
    node: GetNodeResponse
    storage: ContentTree | None
    access: AccessToken
    expires: float

    @property
    def address(self) -> str:
        """Where the daemon's API is."""
        return self.settings.address


_sessions: dict[Settings, Session] = {}
_lock = threading.Lock()


def session_for(settings: Settings) -> Session:
    """The session of these settings, probed at most every PROBE_SECONDS.

    Raises ``daemon-not-running``, ``deadline-exceeded`` or ``storage-mismatch``.
    """
    session = _sessions.get(settings)
    if session is not None and time.monotonic() < session.expires:
        return session
    with _lock:
        session = _sessions.get(settings)
        if session is None or time.monotonic() >= session.expires:
            session = _sessions[settings] = _open_session(settings)
        return session


def renewed(session: Session) -> Session:
    """The session as it is now; the old one while the daemon does not answer."""
    try:
        return session_for(session.settings)
    except KacheryError:
        return session


def forget_session(session: Session) -> None:
    """Lets the next use probe again."""
    if _sessions.get(session.settings) is session:
        _sessions.pop(session.settings, None)


def _open_session(settings: Settings) -> Session:
    node = _probe(settings.address)
    storage = _visible_storage(settings, node)
    access = choose_token(settings, node.node_id, storage and storage.root)
    return Session(settings, node, storage, access, time.monotonic() + PROBE_SECONDS)


def _probe(address: str) -> GetNodeResponse:
    """Asks who the daemon is; a second time on a new connection, if the first has broken."""
    try:
        return _get_node(address)
    except KacheryError as error:
        if error.reason != "daemon-not-running":
            raise
    return _get_node(address)


def _get_node(address: str) -> GetNodeResponse:
    connection = connection_to(address)
    try:
        return call_briefly(connection.node.GetNode, GetNodeRequest(), UNARY_TIMEOUT_SECONDS)
    except grpc.RpcError as error:
        forget_connection(address, connection)
        raise failure_of(error, address) from None


def _visible_storage(settings: Settings, node: GetNodeResponse) -> ContentTree | None:
    """The daemon's storage directory where this machine sees it; None if it does not."""
    given = settings.storage_dir
    directory = os.path.abspath(given) if given else node.storage_dir
    found = _node_id_of(directory)
    if found == node.node_id:
        return ContentTree(directory)
    if given is None:
        return None
    problem = f"is that of the node {found}" if found else "has no readable file kachery-node-id"
    raise failure(
        "storage-mismatch",
        f"KACHERY_STORAGE_DIR is {directory}, which {problem}, but the daemon at "
        f"{settings.address} is the node {node.node_id} and stores in {node.storage_dir} on its "
        "machine. Unset KACHERY_STORAGE_DIR, or set it to where this machine sees the daemon's "
        "directory.",
        {"path": directory},
    )


def _node_id_of(directory: str) -> str | None:
    mark = read_owned_text(os.path.join(directory, "kachery-node-id"))
    return None if mark is None else mark.text


def _forget_parent() -> None:
    """In a forked process: another thread of the parent may have held the lock."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_parent)
