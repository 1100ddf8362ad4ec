"""What errors of the operating system mean."""

from __future__ import annotations

import errno
import os

from ._errors import KacheryError, failure

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR}
_NOT_REGULAR = {errno.EISDIR, errno.ENXIO}


def storage_failure(error: OSError, directory: str) -> Exception:
    """The failure of writing into a storage or cache directory; other errors as they are."""
    name = errno.errorcode.get(error.errno or 0, "")
    if error.errno in _FULL:
        return failure(
            "disk-full",
            f"The disk of {directory} is full ({name}), so nothing was stored. Free some space.",
            {"path": directory},
        )
    if error.errno in _NOT_WRITABLE:
        return failure(
            "storage-not-writable",
            f"{directory} cannot be written ({name}). Check its rights and that its file system "
            "is not mounted read-only.",
            {"path": directory},
        )
    return error


def source_failure(error: OSError, path: str) -> Exception:
    """The failure of reading a user's own file; other errors as they are."""
    name = errno.errorcode.get(error.errno or 0, "")
    if error.errno in _NOT_THERE:
        return path_not_found(path)
    if error.errno in (errno.EACCES, errno.EPERM):
        message = f"The file {path} may not be read ({name}). Check its rights."
        return failure("path-not-permitted", message, {"path": path})
    if error.errno in _NOT_REGULAR:
        return not_a_regular_file(path)
    if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
        message = f"{path[:200]!r} is not a usable path ({name})."
        return failure("invalid-argument", message, {"field": "path"})
    return error


def path_not_found(path: str) -> KacheryError:
    """The failure of a path that does not exist."""
    missing = f"There is no file {path} (seen from {os.getcwd()})."
    return failure("path-not-found", missing, {"path": path})


def not_a_regular_file(path: str) -> KacheryError:
    """The failure of a path that is a directory, a FIFO, a socket or a device."""
    return failure(
        "not-a-regular-file",
        f"{path} is a directory, a FIFO, a socket or a device. Only regular files can be used.",
        {"path": path},
    )
