"""Reads files from the daemon."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Union

from kachery_p2p.v1 import ItemError, ReadFileRequest, ReadFilesRequest, SourceSelection

from ._calls import open_call, stream
from ._errors import KacheryError, failure
from ._resuming import resuming
from ._session import Session
from ._status import reason_of_name
from ._uri import FileUri

Piece = Union[bytes, memoryview]


def read_remote(
    session: Session,
    uri: str,
    start: int,
    end: int | None,
    sources: SourceSelection | None = None,
) -> Iterator[Piece]:
    """The bytes [start, end) as they arrive; to the end of the file if ``end`` is None.

    What the daemon's node does not have is fetched from the nodes that ``sources`` selects, or from
    all. The range must not be empty. What arrives is not checked against the file's hash. Close the
    iterator, or exhaust it, to release the call.
    """
    position = start

    def go_on(session: Session) -> Generator[Piece, None, None]:
        nonlocal position
        if position == end:
            return
        length = 0 if end is None else end - position
        request = ReadFileRequest(uri=uri, offset=position, length=length, sources=sources)
        with open_call(session) as (connection, metadata):
            call = stream(lambda: connection.read_file(request, metadata=metadata))
            with closing(call) as pieces:
                for piece in pieces:
                    position += len(piece)
                    yield piece

    # What was taken is taken: the content behind an address never changes.
    return resuming(session, go_on)


def read_small_remote(session: Session, uris: Sequence[FileUri]) -> Iterator[bytes | KacheryError]:
    """The whole content of each small file, or why it could not be read."""
    position = 0

    def go_on(session: Session) -> Generator[bytes | KacheryError, None, None]:
        nonlocal position
        if position == len(uris):
            return
        request = ReadFilesRequest(uris=[str(uri) for uri in uris[position:]])
        with open_call(session) as (connection, metadata):
            call = stream(lambda: connection.files.ReadFiles(request, metadata=metadata))
            with closing(call) as responses:
                for result in (result for response in responses for result in response.results):
                    uri = uris[position]
                    position += 1
                    if result.HasField("error"):
                        yield item_failure(result.error, uri)
                    else:
                        yield _checked(result.content, uri)

    return resuming(session, go_on)


def item_failure(error: ItemError, subject: object) -> KacheryError:
    """The exception for one item of a batch."""
    return failure(reason_of_name(error.reason), error.message, {"uri": str(subject)})


def _checked(content: bytes, uri: FileUri) -> bytes | KacheryError:
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() == uri.sha1:
        return content
    return content_corrupt(uri)


def content_corrupt(uri: FileUri) -> KacheryError:
    """The failure of a file whose bytes, as the daemon sent them, are not what they should be."""
    return failure(
        "content-corrupt",
        f"The bytes that the daemon sent for {uri} do not match its hash. Check what it has with "
        '"kachery-p2p verify".',
        {"uri": str(uri)},
    )
