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


def sparse_file(path: Path, mark: bytes, size: int) -> Path:
    """A file that begins with a mark and takes no room on disk."""
    with path.open("wb") as file:
        file.write(mark)
        file.truncate(size)
    return path
