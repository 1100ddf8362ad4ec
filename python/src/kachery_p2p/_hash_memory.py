"""Remembers the hashes of this user's files, so that an unchanged file is not read again.

One tiny file an entry, named by what identifies the file's present state. Nothing in here is
needed: whatever cannot be read or written is simply not remembered.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from typing import NamedTuple

from ._limits import MIN_REMEMBERED_BYTES
from ._settings import cache_dir
from ._uri import is_sha1

_CLOCK_TICK_NS = 50_000_000
_COARSE_TICK_NS = 2_000_000_000
_MAX_ENTRIES_A_FOLDER = 256


class KnownContent(NamedTuple):
    """SHA-1 of a file and, if it has one, of its manifest."""

    sha1: str
    manifest_sha1: str | None = None


def is_settled(stats: os.stat_result) -> bool:
    """Tells whether a change of the file from now on would show in its times.

    Not while they are so young that a change could fall into the same tick of the file system's
    clock; whole seconds mean a file system that keeps no finer times.
    """
    times = (stats.st_mtime_ns, stats.st_ctime_ns)
    is_coarse = all(time_ns % 1_000_000_000 == 0 for time_ns in times)
    return time.time_ns() - max(times) > (_COARSE_TICK_NS if is_coarse else _CLOCK_TICK_NS)


def recall(stats: os.stat_result) -> KnownContent | None:
    """What is remembered of the file in this state."""
    if stats.st_size < MIN_REMEMBERED_BYTES:
        return None
    try:
        with open(_entry_path(stats), encoding="ascii") as file:
            sha1, _, manifest = file.read(100).partition(" ")
    except (OSError, ValueError):
        return None
    if not is_sha1(sha1) or (manifest and not is_sha1(manifest)):
        return None
    return KnownContent(sha1, manifest or None)


def remember(stats: os.stat_result, content: KnownContent) -> None:
    """Remembers the file; only call it if ``is_settled`` was true before it was read."""
    if stats.st_size < MIN_REMEMBERED_BYTES:
        return
    path = _entry_path(stats)
    temporary = f"{path}.{secrets.token_hex(6)}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(temporary, "x", encoding="ascii") as file:
            file.write(" ".join(filter(None, content)))
        os.replace(temporary, path)
        _prune(os.path.dirname(path))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _entry_path(stats: os.stat_result) -> str:
    # The home directory may be shared by machines whose device and inode numbers overlap.
    machine = os.uname().nodename
    identity = (stats.st_dev, stats.st_ino, stats.st_size, stats.st_mtime_ns, stats.st_ctime_ns)
    name = hashlib.sha1(f"{machine} {identity}".encode(), usedforsecurity=False).hexdigest()
    return os.path.join(cache_dir(), "hashes", name[:2], name[2:])


def _prune(folder: str) -> None:
    """Keeps the newer half of a folder's entries once there are too many."""
    if len(os.listdir(folder)) <= _MAX_ENTRIES_A_FOLDER:
        return
    with os.scandir(folder) as entries:
        by_age = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)
    for entry in by_age[: len(by_age) // 2]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry.path)
