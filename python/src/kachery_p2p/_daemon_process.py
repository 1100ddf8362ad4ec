"""Starts a daemon as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Union

from ._errors import KacheryError, failure

Path = Union[str, "os.PathLike[str]"]

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
