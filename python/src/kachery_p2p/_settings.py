"""What the environment tells a client, read at each call."""

from __future__ import annotations

import os
from typing import NamedTuple

from ._errors import failure, quoted


class Settings(NamedTuple):
    """The environment's settings. Equal settings mean the same daemon and the same rights."""

    offline_storage_dir: str | None
    host: str
    port: int
    storage_dir: str | None
    config_dir: str | None
    client_token: str | None

    @property
    def address(self) -> str:
        """Where the daemon's API is, as ``host:port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def config_path(self) -> str:
        """The daemon's configuration directory, where its owner can read the owner token."""
        return os.path.abspath(self.config_dir or os.path.expanduser("~/.kachery-p2p"))


def read_settings() -> Settings:
    """The settings as they are now. Raises ``invalid-argument`` for a port that cannot be."""
    value = os.environ.get
    offline = value("KACHERY_P2P_OFFLINE_STORAGE_DIR") or value("KACHERY_OFFLINE_STORAGE_DIR")
    return Settings(
        offline or None,
        value("KACHERY_P2P_API_HOST") or "localhost",
        _port(value("KACHERY_P2P_API_PORT") or "20421"),
        value("KACHERY_STORAGE_DIR") or None,
        value("KACHERY_P2P_CONFIG_DIR") or None,
        value("KACHERY_P2P_CLIENT_TOKEN") or None,
    )


def cache_dir() -> str:
    """This user's cache directory of kachery-p2p; it may not exist."""
    home = os.environ.get("XDG_CACHE_HOME")
    if not home or not os.path.isabs(home):
        home = os.path.expanduser("~/.cache")
    return os.path.join(home, "kachery-p2p")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536:
        return int(text)
    raise failure(
        "invalid-argument",
        f"KACHERY_P2P_API_PORT is {quoted(text)}; a port from 1 to 65535 is needed.",
        {"field": "KACHERY_P2P_API_PORT"},
    )
