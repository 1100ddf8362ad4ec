"""Chunks: ranges of other files that have an address of their own."""

from __future__ import annotations

import hashlib

from ._errors import KacheryError, failure
from ._files import Files
from ._incoming_file import incoming_content
from ._loaded_files import loaded_files
from ._source_selection import NO_SOURCES
from ._uri import ChunkUri, FileUri


def load_chunk(files: Files, uri: ChunkUri) -> str:
    """Path of a chunk's bytes: stored by themselves, or cut from their file and verified."""
    path = loaded_files().find(uri.sha1)
    if path is not None:
        return path
    chunk = FileUri(uri.sha1, uri.label)
    # Few nodes have chunks as files of their own; those are asked last.
    ways = (
        lambda: files.asking(NO_SOURCES).load(chunk),
        lambda: _cut(files, uri),
    )
    for way in ways:
        try:
            return way()
        except KacheryError as error:
            if error.reason != "file-not-found":
                raise
    return files.load(chunk)


def _cut(files: Files, uri: ChunkUri) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    tree = loaded_files()
    with incoming_content(tree) as incoming:
        for piece in files.read(FileUri(uri.parent_sha1), uri.start, uri.end):
            digest.update(piece)
            incoming.write(piece)
        if digest.hexdigest() != uri.sha1:
            raise failure(
                "content-corrupt",
                f"The bytes [{uri.start}, {uri.end}) of sha1://{uri.parent_sha1} do not have the "
                f"hash that {uri} claims.",
                {"uri": str(uri)},
            )
        return incoming.publish(tree, uri.sha1)
