"""What errors of the operating system mean."""

from __future__ import annotations

import errno
import os

from ._errors import KacheryError, failure

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR}
_NOT_REGULAR = {errno.EISDIR, errno.ENXIO}


def storage_failure(error: OSError, directory: str) -> KacheryError:
    """The failure of writing into a storage or cache directory, or one that the user chose."""
    name = _name_of(error)
    details = {"path": directory}
    if error.errno in _FULL:
        message = f"The disk of {directory} is full ({name}), so nothing was stored. Free some."
        return failure("disk-full", message, details)
    if error.errno in _NOT_WRITABLE:
        return failure(
            "storage-not-writable",
            f"{directory} cannot be written ({name}). Check its rights and that its file system "
            "is not mounted read-only.",
            details,
        )
    if error.errno in _NOT_THERE:
        return failure("path-not-found", f"The folder {directory} does not exist.", details)
    return _other_failure(error, directory)


def source_failure(error: OSError, path: str) -> KacheryError:
    """The failure of reading a user's own file."""
    name = _name_of(error)
    if error.errno in _NOT_THERE:
        return path_not_found(path)
    if error.errno in (errno.EACCES, errno.EPERM):
        message = f"The file {path} may not be read ({name}). Check its rights."
        return failure("path-not-permitted", message, {"path": path})
    if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
        message = f"{path[:200]!r} is not a usable path ({name})."
        return failure("invalid-argument", message, {"field": "path"})
    return _other_failure(error, path)


def _other_failure(error: OSError, path: str) -> KacheryError:
    name = _name_of(error)
    if error.errno in _NOT_REGULAR:
        return not_a_regular_file(path)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        message = f'Too many files are open ({name}). Raise the limit with "ulimit -n".'
        return failure("too-busy", message)
    if error.errno == errno.EIO:
        message = f"The disk of {path} reported an input/output error ({name}). Check the disk."
        return failure("disk-failed", message, {"path": path})
    message = f"The operating system refused to work on {path}: {error.strerror} ({name})."
    return failure("internal", message, {"path": path})


def _name_of(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "unknown")


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
