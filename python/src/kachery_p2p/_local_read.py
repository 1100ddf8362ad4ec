"""Reads ranges of files of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from ._byte_range import check_range, resolve_end
from ._errors import failure
from ._limits import DATA_MESSAGE_BYTES
from ._system_errors import not_a_regular_file, source_failure


def read_local(path: str, start: int, end: int | None) -> Iterator[bytes]:
    """The bytes [start, end) of a file. Raises ``range-beyond-end`` and others before the first.

    Close the iterator, or exhaust it, to release the file.
    """
    check_range(start, end)
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for its other end.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise source_failure(error, path) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise not_a_regular_file(path)
        position, stop = start, resolve_end(start, end, status.st_size)
        while position < stop:
            try:
                piece = os.pread(fd, min(DATA_MESSAGE_BYTES, stop - position), position)
            except OSError as error:
                raise source_failure(error, path) from error
            if not piece:
                message = f"The file {path} became shorter while it was read."
                raise failure("file-changed", message, {"path": path})
            position += len(piece)
            yield piece
    finally:
        os.close(fd)
