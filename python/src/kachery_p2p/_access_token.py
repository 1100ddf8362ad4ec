"""What a client proves itself with."""

from __future__ import annotations

import json
import os
import re
from typing import NamedTuple

from ._owned_text import read_client_token, read_owned_text
from ._settings import Settings

_LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\]):\d+")


class AccessToken(NamedTuple):
    """The strongest token that this user has for a daemon.

    Attributes:
        token: None if this user can read none; the daemon then refuses what needs one.
        is_local_owner: Whether the daemon is this user's own and runs on this machine, so that
            it can read this user's files itself.
    """

    token: str | None
    is_local_owner: bool


def choose_token(settings: Settings, node_id: str, storage_dir: str | None) -> AccessToken:
    """The token for the daemon of this node. The owner token goes to the owner's daemon only.

    Args:
        settings: Where to look, and the daemon's address.
        node_id: The daemon's own name of itself.
        storage_dir: The daemon's storage directory, if it is visible here.
    """
    daemon = read_running_daemon(settings.config_path)
    # Anybody can repeat the node id; a process of the owner's that holds the port is the daemon.
    if (
        daemon is not None
        and daemon.node_id == node_id
        and _is_on_this_machine(daemon, settings.address)
    ):
        owner_token = read_owned_text(os.path.join(settings.config_path, "owner-token"))
        if owner_token is not None and owner_token.text:
            return AccessToken(owner_token.text, True)
    shared = None if storage_dir is None else read_client_token(storage_dir, node_id)
    return AccessToken(shared or settings.client_token, False)


class RunningDaemon(NamedTuple):
    """What daemon.json in the configuration directory says."""

    pid: int
    address: str
    node_id: str


def read_running_daemon(config_path: str) -> RunningDaemon | None:
    """The record of the daemon that runs on a configuration directory; None if there is none."""
    try:
        with open(os.path.join(config_path, "daemon.json"), encoding="utf-8") as file:
            record = json.load(file)
        return RunningDaemon(int(record["pid"]), str(record["address"]), str(record["nodeId"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_on_this_machine(daemon: RunningDaemon, address: str) -> bool:
    """Whether paths mean the same to the daemon.

    The home directory may be shared with other machines, and a loopback port may be a tunnel:
    only a process that lives here proves it.
    """
    if daemon.address.rpartition(":")[2] != address.rpartition(":")[2]:
        return False
    return _LOOPBACK.fullmatch(address) is not None and is_alive(daemon.pid)


def is_alive(pid: int) -> bool:
    """Tells whether this user has a process of this id on this machine."""
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True
