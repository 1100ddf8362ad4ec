"""Link records: files that are kept where they are. The format of kachery-p2p 0.8."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, NamedTuple, cast

from ._uri import is_sha1


class LinkRecord(NamedTuple):
    """What ``<sha1>.link`` says; valid while size and modification time are exactly these."""

    path: str
    size: int
    mtime: float
    manifest_sha1: str | None = None

    def format(self) -> bytes:
        """The record's text."""
        record = {
            "path": self.path,
            "manifestSha1": self.manifest_sha1,
            "stat": {"size": self.size, "mtime": self.mtime},
        }
        return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()

    def is_valid(self) -> bool:
        """Tells whether the linked file is still as it was."""
        try:
            now = os.stat(self.path)
        except (OSError, ValueError):
            return False
        is_same = (now.st_size, mtime_seconds(now)) == (self.size, self.mtime)
        return is_same and stat.S_ISREG(now.st_mode)


def read_link(path: str) -> LinkRecord | None:
    """The record at a path; None if there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return _parse(json.loads(file.read()))
    except (OSError, ValueError):
        return None


def mtime_seconds(stats: os.stat_result) -> float:
    """The modification time as the original records it: the nearest double, in seconds."""
    seconds, nanoseconds = divmod(stats.st_mtime_ns, 1_000_000_000)
    return seconds + 1e-9 * nanoseconds


def _parse(record: Any) -> LinkRecord | None:
    if not isinstance(record, dict):
        return None
    fields = cast("dict[str, Any]", record)
    if not isinstance(fields.get("stat"), dict):
        return None
    path, stats = fields.get("path"), cast("dict[str, Any]", fields["stat"])
    size, mtime = stats.get("size"), stats.get("mtime")
    if not isinstance(path, str) or not isinstance(size, int) or isinstance(mtime, bool):
        return None
    if not isinstance(mtime, (int, float)):
        return None
    manifest = fields.get("manifestSha1") or fields.get("manifest_hash")
    known = manifest if isinstance(manifest, str) and is_sha1(manifest) else None
    return LinkRecord(path, size, float(mtime), known)
