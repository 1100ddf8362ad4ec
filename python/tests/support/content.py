"""Content for tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .daemon import REPOSITORY


def vectors() -> Any:
    """The published results that every client must give."""
    return json.loads((REPOSITORY / "test" / "vectors" / "uris.json").read_text())


def generated(size: int) -> bytes:
    """The first bytes of SHA-256("0"), SHA-256("1"), ..., as the vectors have it."""
    blocks = range((size + 31) // 32)
    return b"".join(hashlib.sha256(str(k).encode()).digest() for k in blocks)[:size]


def sha1_of(data: bytes) -> str:
    """Hash of some bytes."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def stored(storage: Path, sha1: str) -> Path:
    """Where a storage directory keeps the bytes of a hash."""
    return storage / "sha1" / sha1[:2] / sha1[2:4] / sha1[4:6] / sha1


def sparse_file(path: Path, mark: bytes, size: int) -> Path:
    """A file that begins with a mark and takes no room on disk."""
    with path.open("wb") as file:
        file.write(mark)
        file.truncate(size)
    return path
