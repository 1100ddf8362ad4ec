"""The node: who it is, who has a file, starting and stopping its daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from ._current_files import current_files
from ._directories import resolve_directory
from ._errors import KacheryError, failure
from ._files import FileProvider
from ._offline_errors import offline
from ._settings import Settings, read_settings
from ._uri import ChunkUri, DirectoryUri, FileUri, parse_uri

Path = Union[str, "os.PathLike[str]"]

_STOP_SECONDS = 30.0
_COMMAND = "kachery-p2p"


@dataclass(frozen=True)
class DaemonInfo:
    """A daemon that runs.

    Attributes:
        pid: Its process id.
        address: Where its API is, as ``host:port``.
        node_id: Id of its node, 64 hexadecimal digits.
        storage_dir: Its storage directory.
        config_dir: Its configuration directory.
    """

    pid: int
    address: str
    node_id: str
    storage_dir: str
    config_dir: str


def get_node_id() -> str:
    """Id of the daemon's node: its ed25519 public key, 64 hexadecimal digits.

    Raises:
        OfflineError: Offline mode is on.
        DaemonNotRunningError: No daemon answers.
        KacheryError: Anything else that went wrong.
    """
    from ._session import session_for

    return session_for(_online_settings("There is no node")).node.node_id


def find_file(uri: str, timeout_sec: float | None = 5) -> Iterator[FileProvider]:
    """Finds the nodes that have a file, the daemon's own first.

    Args:
        uri: Address of the file.
        timeout_sec: How long to wait for answers, in seconds; None for as long as it takes.

    Raises:
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong; nobody having the file is no failure.
    """
    files, parsed = current_files(), parse_uri(uri)
    if isinstance(parsed, DirectoryUri):
        parsed = resolve_directory(files, parsed)
    if isinstance(parsed, ChunkUri):
        parsed = FileUri(parsed.sha1, parsed.label)
    return files.providers(parsed, timeout_sec)


def start_daemon(
    *,
    label: str | None = None,
    host: str | None = None,
    port: int | None = None,
    storage_dir: Path | None = None,
    config_dir: Path | None = None,
) -> DaemonInfo:
    """Starts a daemon in the background and waits until it answers.

    Runs ``kachery-p2p start-daemon``, which must be installed. The environment's settings hold
    for what is left out. It goes on when this process ends; ``stop_daemon`` stops it.

    Args:
        label: The node's name, for people.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one. Clients use KACHERY_P2P_API_PORT.
        storage_dir: Directory of the stored files.
        config_dir: Directory of the node's key.

    Raises:
        AlreadyRunningError: Another daemon uses the directory or the port.
        KacheryError: Anything else that went wrong.
    """
    flags = {
        "--label": label,
        "--host": host,
        "--port": port,
        "--storage-dir": storage_dir,
        "--config-dir": config_dir,
    }
    given = [text for flag, value in flags.items() if value is not None for text in (flag, value)]
    command = shutil.which(_COMMAND)
    if command is None:
        raise failure(
            "daemon-not-running",
            f"There is no {_COMMAND} command on the PATH, so no daemon can be started. Install it "
            'with "npm install --global kachery-p2p" (Node.js 20.19 or later).',
        )
    arguments = [command, "start-daemon", "--background", "--json", *map(str, given)]
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return _parse_started(result)


def stop_daemon() -> None:
    """Stops the daemon and waits until it has ended, if it runs on this machine.

    Raises:
        NotPermittedError: The daemon is not this user's own.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    from kachery_p2p.v1 import StopDaemonRequest

    from ._calls import call_unary
    from ._session import forget_session, session_for

    session = session_for(_online_settings("There is no daemon to stop"))
    response = call_unary(session, lambda to: to.node.StopDaemon, StopDaemonRequest())
    forget_session(session)
    if session.access.is_local_owner:
        _wait_for_end(response.process_id)


def _online_settings(problem: str) -> Settings:
    settings = read_settings()
    if settings.offline_storage_dir is not None:
        raise offline(problem)
    return settings


def _parse_started(result: subprocess.CompletedProcess[bytes]) -> DaemonInfo:
    if result.returncode == 0:
        told = json.loads(result.stdout)
        return DaemonInfo(
            told["pid"], told["address"], told["nodeId"], told["storageDir"], told["configDir"]
        )
    raise _parse_failure(result)


def _parse_failure(result: subprocess.CompletedProcess[bytes]) -> KacheryError:
    said = result.stderr.decode("utf-8", "replace").strip()
    for line in reversed(said.splitlines()):
        try:
            error = json.loads(line)["error"]
            return failure(error["reason"], error["message"], error.get("details"))
        except (ValueError, KeyError, TypeError):
            continue
    message = f"The daemon could not be started (exit code {result.returncode}): {said[-2000:]}"
    return failure("internal", message)


def _wait_for_end(pid: int) -> None:
    from ._access_token import is_alive

    deadline = time.monotonic() + _STOP_SECONDS
    while is_alive(pid):
        if time.monotonic() > deadline:
            message = f"The daemon (process {pid}) has not ended in {_STOP_SECONDS:.0f} seconds."
            raise failure("deadline-exceeded", message)
        time.sleep(0.02)
