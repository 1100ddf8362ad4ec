"""Files under the hashes of their content: the layout of kachery-p2p 0.8."""

from __future__ import annotations

import os

from ._errors import KacheryError, failure
from ._limits import DATA_MESSAGE_BYTES
from ._links import read_link
from ._source import Source

_IN_ONE_GO_BYTES = 64 * DATA_MESSAGE_BYTES
# Without O_NONBLOCK, opening a FIFO would wait for its other end.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class ContentTree:
    """The tree ``<root>/sha1/aa/bb/cc/<sha1>``: a storage directory, or a cache of one."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._prefix = os.path.join(root, "sha1")

    def path_of(self, sha1: str) -> str:
        """Where the content's bytes are, if they are here."""
        return f"{self._prefix}/{sha1[:2]}/{sha1[2:4]}/{sha1[4:6]}/{sha1}"

    def holds(self, sha1: str, source: Source) -> bool:
        """Tells whether a copy of this content, not a link, is here with the source's bytes."""
        try:
            fd = os.open(self.path_of(sha1), _READ)
        except OSError:
            return False
        try:
            return os.fstat(fd).st_size == source.size and _begins_with(fd, source)
        except OSError:
            return False
        finally:
            os.close(fd)

    def find(self, sha1: str) -> str | None:
        """Path of the content, stored or linked, if it is here and may be read.

        Raises ``content-corrupt`` if it was linked and the linked file has changed.
        """
        path = self.path_of(sha1)
        if os.access(path, os.R_OK):
            return path
        link = read_link(f"{path}.link")
        if link is None:
            return None
        if not link.is_valid():
            raise _link_broken(sha1, link.path)
        return link.path if os.access(link.path, os.R_OK) else None

    def read_range(self, sha1: str, start: int, end: int) -> bytearray | None:
        """The bytes [start, end) of stored content; None if not all of them can be read here."""
        if end - start > _IN_ONE_GO_BYTES:
            return None
        try:
            fd = os.open(self.path_of(sha1), _READ)
        except OSError:
            return None
        try:
            buffer = bytearray(end - start)
            return buffer if read_into(fd, buffer, start) == end - start else None
        except OSError:
            return None
        finally:
            os.close(fd)


def read_into(fd: int, buffer: bytearray, position: int) -> int:
    """Reads from a position of a file once; returns how many bytes were read."""
    if _PREADV is not None:
        return _PREADV(fd, (buffer,), position)
    piece = os.pread(fd, len(buffer), position)
    buffer[: len(piece)] = piece
    return len(piece)


# Not on older versions of macOS.
_PREADV = getattr(os, "preadv", None)


def _begins_with(fd: int, source: Source) -> bool:
    position = 0
    for piece in source.pieces():
        # As bytes: memoryviews are compared one item at a time.
        if os.pread(fd, len(piece), position) != bytes(piece):
            return False
        position += len(piece)
    return True


def _link_broken(sha1: str, path: str) -> KacheryError:
    return failure(
        "content-corrupt",
        f"sha1://{sha1} is linked to {path}, which is gone or has changed since. Bring the file "
        "back as it was, or store it again.",
        {"uri": f"sha1://{sha1}", "path": path},
    )
