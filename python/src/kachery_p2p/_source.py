"""Content that is to be stored: a file of this machine, or bytes in memory."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Union

from ._errors import KacheryError, failure
from ._limits import DATA_MESSAGE_BYTES
from ._system_errors import not_a_regular_file, source_failure

Piece = Union[bytes, memoryview]


class Source(Protocol):
    """Content of a known size that can be read again and again."""

    @property
    def size(self) -> int:
        """Size in bytes."""
        ...

    def pieces(self, start: int = 0) -> Iterator[Piece]:
        """The bytes from ``start`` to the end, in pieces of at most DATA_MESSAGE_BYTES."""
        ...

    def check_unchanged(self) -> None:
        """Raises ``file-changed`` if the content was written to since it was opened."""
        ...


class MemorySource:
    """Bytes in memory: one or more buffers, one behind the other, none of them copied."""

    def __init__(self, *buffers: bytes | bytearray | memoryview) -> None:
        self._views: Sequence[memoryview] = [memoryview(buffer).cast("B") for buffer in buffers]
        self.size = sum(view.nbytes for view in self._views)

    def pieces(self, start: int = 0) -> Iterator[Piece]:
        """The bytes from ``start`` to the end."""
        for view in self._views:
            for position in range(min(start, view.nbytes), view.nbytes, DATA_MESSAGE_BYTES):
                yield view[position : position + DATA_MESSAGE_BYTES]
            start = max(0, start - view.nbytes)

    def check_unchanged(self) -> None:
        """Memory is the caller's to keep unchanged."""


class FileSource:
    """A regular file of this machine, open for reading. A context manager.

    Raises ``path-not-found``, ``path-not-permitted`` or ``not-a-regular-file`` when made.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            # Without O_NONBLOCK, opening a FIFO would wait for its other end.
            self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except ValueError as error:
            message = f"{path[:200]!r} is not a usable path: {error}."
            raise failure("invalid-argument", message, {"field": "path"}) from None
        except OSError as error:
            raise source_failure(error, path) from error
        self.stat = os.fstat(self._fd)
        self.size = self.stat.st_size
        if not stat.S_ISREG(self.stat.st_mode):
            self.close()
            raise not_a_regular_file(path)

    def pieces(self, start: int = 0) -> Iterator[Piece]:
        """The bytes from ``start`` to the end. Raises ``file-changed`` if the file was cut."""
        position = start
        while position < self.size:
            piece = self._read(min(DATA_MESSAGE_BYTES, self.size - position), position)
            position += len(piece)
            yield piece

    def check_unchanged(self) -> None:
        """Raises ``file-changed`` if the file was written to since it was opened."""
        now = os.fstat(self._fd)
        if (now.st_size, now.st_mtime_ns) != (self.stat.st_size, self.stat.st_mtime_ns):
            raise self._changed()

    def close(self) -> None:
        """Releases the file; another thread that still reads from it gets an error."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self, count: int, position: int) -> bytes:
        with self._lock:
            try:
                piece = os.pread(self._fd, count, position)
            except OSError as error:
                raise source_failure(error, self.path) from error
        if not piece:
            raise self._changed()
        return piece

    def _changed(self) -> KacheryError:
        return failure(
            "file-changed",
            f"The file {self.path} changed while it was being stored. Store it again when "
            "nothing writes to it.",
            {"path": self.path},
        )
