"""The node: who it is, who has a file, stopping its daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ._current_files import current_files
from ._daemon_session import daemon_session
from ._directories import resolve_directory
from ._errors import failure
from ._files import FileProvider
from ._source_selection import select_sources
from ._uri import ChunkUri, DirectoryUri, FileUri, parse_uri

_STOP_SECONDS = 30.0


def get_node_id() -> str:
    """Id of the daemon's node: its ed25519 public key, 64 hexadecimal digits.

    Raises:
        OfflineError: Offline mode is on.
        DaemonNotRunningError: No daemon answers.
        KacheryError: Anything else that went wrong.
    """
    return daemon_session("There is no node").node.node_id


def find_file(
    uri: str,
    timeout_sec: float | None = 5,
    *,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> Iterator[FileProvider]:
    """Finds the nodes that have a file: the daemon's own first, others as they answer.

    Args:
        uri: Address of the file.
        timeout_sec: How long to wait for answers, in seconds; None for as long as it takes. Who
            has not answered by then is left out.
        from_node: Id of the only other node to ask; None for any.
        from_channel: Address or label of a joined channel: only its nodes are asked; None for
            those of all joined channels.

    Returns:
        An iterator of the nodes. It is empty if nobody has the file.

    Raises:
        OfflineError: Offline mode is on.
        UnreachableError: From the iterator, in the end: nobody who answered has the file, and a
            node that may have it cannot be reached now.
        NotFoundError: The channel is not joined.
        KacheryError: Anything else that went wrong; nobody having the file is no failure.
    """
    sources = select_sources(True, from_node, from_channel)
    files, parsed = current_files().asking(sources), parse_uri(uri)
    if isinstance(parsed, DirectoryUri):
        parsed = resolve_directory(files, parsed)
    if isinstance(parsed, ChunkUri):
        parsed = FileUri(parsed.sha1, parsed.label)
    return files.providers(parsed, timeout_sec)


def stop_daemon() -> None:
    """Stops the daemon and waits until it has ended, if it runs on this machine.

    Raises:
        NotPermittedError: The daemon is not this user's own.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = daemon_session("There is no daemon to stop")
    from kachery_p2p.v1 import StopDaemonRequest

    from ._calls import call_unary
    from ._session import forget_session

    response = call_unary(session, lambda to: to.node.StopDaemon, StopDaemonRequest())
    forget_session(session)
    if session.access.is_local_owner:
        _wait_for_end(response.process_id)


def _wait_for_end(pid: int) -> None:
    from ._access_token import is_alive

    deadline = time.monotonic() + _STOP_SECONDS
    while is_alive(pid):
        if time.monotonic() > deadline:
            message = f"The daemon (process {pid}) has not ended in {_STOP_SECONDS:.0f} seconds."
            raise failure("deadline-exceeded", message)
        time.sleep(0.02)
