"""Brings files to the daemon's node, and from it to this machine."""

from __future__ import annotations

from contextlib import ExitStack, closing

from kachery_p2p import v1

from ._calls import open_call, stream
from ._errors import failure
from ._hashing import ContentHasher
from ._incoming_file import IncomingFile, incoming_content, incoming_copy
from ._loaded_files import loaded_files
from ._progress import Progress
from ._remote_read import content_corrupt, read_remote
from ._session import Session
from ._uri import FileUri


def bring_to_node(session: Session, uri: FileUri) -> int:
    """Has the daemon bring a file to its node; returns the file's size in bytes."""
    request = v1.LoadFileRequest(uri=str(uri))
    with open_call(session) as (connection, metadata), ExitStack() as stack:
        call = stream(lambda: connection.files.LoadFile(request, metadata=metadata))
        progress = None
        for event in stack.enter_context(closing(call)):
            if event.HasField("file"):
                return event.file.size_bytes
            if progress is None and event.progress.size_bytes:
                bar = Progress(f"Loading {uri.label}", event.progress.size_bytes)
                progress = stack.enter_context(bar)
            if progress is not None:
                progress.set(event.progress.loaded_bytes)
    message = f"The daemon ended the load of {uri} without a result. Look into its log."
    raise failure("internal", message, {"uri": str(uri)})


def download(session: Session, uri: FileUri, size: int) -> str:
    """Reads a file from the daemon into the cache, verified; returns its path."""
    tree = loaded_files()
    with incoming_content(tree) as incoming:
        _receive(session, uri, size, incoming)
        return incoming.publish(tree, uri.sha1)


def download_to(session: Session, uri: FileUri, size: int, dest: str) -> None:
    """Reads a file from the daemon, verified, and makes ``dest`` that copy."""
    with incoming_copy(dest) as incoming:
        _receive(session, uri, size, incoming)
        incoming.place(dest)


def _receive(session: Session, uri: FileUri, size: int, incoming: IncomingFile) -> None:
    """Writes a file's bytes as they come. Raises ``content-corrupt`` if they are not the file."""
    with ContentHasher(size, with_chunks=False) as hasher:
        with Progress(f"Loading {uri.label}", size) as progress:
            for piece in read_remote(session, str(uri), 0, None):
                hasher.update(piece)
                incoming.write(piece)
                progress.add(len(piece))
        if hasher.finish().sha1 != uri.sha1:
            raise content_corrupt(uri)
