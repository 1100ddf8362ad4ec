"""Manifests: the chunks of a large file and their hashes. The format of kachery-p2p 0.8."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ._limits import CHUNK_BYTES


def has_manifest(size: int) -> bool:
    """Tells whether a file of this size has a manifest."""
    return size > CHUNK_BYTES


def format_manifest(sha1: str, chunk_sha1s: Sequence[str], size: int) -> bytes | None:
    """The manifest, byte for byte as the original writes it; None for files that have none."""
    if not has_manifest(size):
        return None
    starts = range(0, size, CHUNK_BYTES)
    chunks = [
        {"start": start, "end": min(start + CHUNK_BYTES, size), "sha1": chunk_sha1}
        for start, chunk_sha1 in zip(starts, chunk_sha1s)
    ]
    manifest = {"size": size, "sha1": sha1, "chunks": chunks}
    return json.dumps(manifest, separators=(",", ":")).encode()


def manifest_sha1(sha1: str, chunk_sha1s: Sequence[str], size: int) -> str | None:
    """Hash of the manifest; None for files that have none."""
    manifest = format_manifest(sha1, chunk_sha1s, size)
    if manifest is None:
        return None
    return hashlib.sha1(manifest, usedforsecurity=False).hexdigest()
