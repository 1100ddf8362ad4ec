"""Brings files to the daemon's node, and from it to this machine."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Optional

from kachery_p2p import v1

from ._calls import open_call, stream
from ._errors import failure
from ._hashing import ContentHasher
from ._incoming_file import IncomingFile, incoming_content, incoming_copy
from ._load_bar import LoadBar
from ._loaded_files import loaded_files
from ._progress import Progress
from ._remote_read import content_corrupt, read_remote
from ._resuming import resuming
from ._session import Session
from ._uri import FileUri

Sources = Optional[v1.SourceSelection]
"""The nodes that the daemon may ask; None for all."""


def bring_to_node(session: Session, uri: FileUri, sources: Sources) -> int:
    """Has the daemon bring a file to its node; returns the file's size in bytes."""
    request = v1.LoadFileRequest(uri=str(uri), sources=sources)
    loaded = 0

    def go_on(session: Session) -> Generator[v1.LoadFileResponse, None, None]:
        nonlocal loaded
        with open_call(session) as (connection, metadata):
            call = stream(lambda: connection.files.LoadFile(request, metadata=metadata))
            with closing(call) as events:
                for event in events:
                    if event.HasField("progress"):
                        bar.show(event.progress)
                    # Only bytes are a step on: a load that is interrupted without is given up.
                    if event.HasField("file") or event.progress.loaded_bytes > loaded:
                        loaded = event.progress.loaded_bytes
                        yield event

    with LoadBar(uri.name) as bar, closing(resuming(session, go_on)) as steps:
        for step in steps:
            if step.HasField("file"):
                return step.file.size_bytes
    message = f"The daemon ended the load of {uri} without a result. Look into its log."
    raise failure("internal", message, {"uri": str(uri)})


def download(session: Session, uri: FileUri, size: int, sources: Sources) -> str:
    """Reads a file from the daemon into the cache, verified; returns its path."""
    tree = loaded_files()
    with incoming_content(tree) as incoming:
        _receive(session, uri, size, sources, incoming)
        return incoming.publish(tree, uri.sha1)


def download_to(session: Session, uri: FileUri, size: int, sources: Sources, dest: str) -> None:
    """Reads a file from the daemon, verified, and makes ``dest`` that copy."""
    with incoming_copy(dest) as incoming:
        _receive(session, uri, size, sources, incoming)
        incoming.place(dest)


def _receive(
    session: Session, uri: FileUri, size: int, sources: Sources, incoming: IncomingFile
) -> None:
    """Writes a file's bytes as they come. Raises ``content-corrupt`` if they are not the file."""
    with ContentHasher(size, with_chunks=False) as hasher:
        with Progress(f"Loading {uri.name}", size) as progress:
            for piece in read_remote(session, str(uri), 0, None, sources):
                hasher.update(piece)
                incoming.write(piece)
                progress.add(len(piece))
        if hasher.finish().sha1 != uri.sha1:
            raise content_corrupt(uri)
