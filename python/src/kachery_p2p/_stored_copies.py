"""Tells which copies in a storage directory can be taken for what their names say."""

from __future__ import annotations

import os

from ._content_tree import ContentTree
from ._errors import KacheryError
from ._hash_memory import KnownContent, is_settled, recall, remember
from ._hashing import hash_source
from ._limits import MIN_REMEMBERED_BYTES
from ._manifest import has_manifest
from ._source import FileSource, Source


def is_good(tree: ContentTree, sha1: str) -> bool:
    """Tells in a moment whether a copy of this content is here and good.

    A small one is hashed. A larger one must be remembered in the state that it is in.
    """
    try:
        with FileSource(tree.path_of(sha1)) as copy:
            if copy.size < MIN_REMEMBERED_BYTES:
                return hash_source(copy, sha1).sha1 == sha1
            known = recall(copy.stat)
            return known is not None and known.sha1 == sha1
    except KacheryError:
        return False


def is_whole(tree: ContentTree, content: KnownContent, size: int) -> bool:
    """Tells in a moment whether good copies of content of this size and its manifest are here."""
    return is_good(tree, content.sha1) and has_good_manifest(tree, content, size)


def has_good_manifest(tree: ContentTree, content: KnownContent, size: int) -> bool:
    """Tells in a moment whether a good copy of the manifest is here, or none is needed."""
    if not has_manifest(size):
        return True
    return content.manifest_sha1 is not None and is_good(tree, content.manifest_sha1)


def has_copy(tree: ContentTree, content: KnownContent, source: Source) -> bool:
    """Tells whether a good copy of a source's content is here; remembers it if so."""
    if is_good(tree, content.sha1):
        return True
    stats = _stats(tree, content.sha1)
    was_settled = stats is not None and is_settled(stats)
    if not tree.holds(content.sha1, source):
        return False
    if stats is not None and was_settled:
        remember(stats, content)
    return True


def remember_copy(tree: ContentTree, content: KnownContent) -> None:
    """Remembers a copy that was placed a moment ago as good."""
    stats = _stats(tree, content.sha1)
    if stats is not None:
        remember(stats, content)


def _stats(tree: ContentTree, sha1: str) -> os.stat_result | None:
    try:
        return os.stat(tree.path_of(sha1))
    except OSError:
        return None
