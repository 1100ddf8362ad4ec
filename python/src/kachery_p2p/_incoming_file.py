"""A file on its way to its place: temporary until it is whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import time

from ._content_tree import ContentTree
from ._source import Piece
from ._system_errors import storage_failure

_ABANDONED_SECONDS = 24 * 60 * 60
_READ_ONLY = 0o444
_READ_WRITE = 0o666


class IncomingFile:
    """A temporary file. A context manager that leaves none behind.

    Every method raises ``disk-full`` or ``storage-not-writable`` where that is the matter.

    Args:
        path: Where to write it; on the file system that it will be placed on.
        mode: Its mode, as far as the umask allows.
        directory: What messages name.
    """

    def __init__(self, path: str, mode: int, directory: str) -> None:
        self.path = path
        self._directory = directory
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._fd = os.open(path, flags, mode)
        except OSError as error:
            raise storage_failure(error, directory) from error

    def write(self, piece: Piece) -> None:
        """Appends bytes."""
        view = memoryview(piece)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise storage_failure(error, self._directory) from error

    def place(self, path: str) -> None:
        """Renames it to where it belongs, replacing what is there."""
        try:
            os.rename(self.path, path)
        except OSError as error:
            raise storage_failure(error, self._directory) from error

    def publish(self, tree: ContentTree, sha1: str, suffix: str = "") -> str:
        """Makes it durable and gives it its place in a content tree; returns its path there."""
        path = tree.path_of(sha1) + suffix
        folder = os.path.dirname(path)
        try:
            os.fsync(self._fd)
            _make_folders(folder)
            self.place(path)
            _sync_folder(folder)
        except OSError as error:
            raise storage_failure(error, self._directory) from error
        return path

    def __enter__(self) -> IncomingFile:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def incoming_content(tree: ContentTree, mode: int = _READ_ONLY) -> IncomingFile:
    """A temporary file for a content tree, whose root is made if it is missing."""
    folder = os.path.join(tree.root, "tmp")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise storage_failure(error, tree.root) from error
    _remove_abandoned(folder)
    path = os.path.join(folder, f"offline.{secrets.token_hex(12)}.tmp")
    return IncomingFile(path, mode, tree.root)


def incoming_copy(dest: str) -> IncomingFile:
    """A temporary file beside a path that the user chose."""
    folder, name = os.path.split(os.path.abspath(dest))
    path = os.path.join(folder, f".{name[:200]}.{secrets.token_hex(6)}.tmp")
    return IncomingFile(path, _READ_WRITE, folder)


def _remove_abandoned(folder: str) -> None:
    """Removes temporary files that offline writers left behind a day ago or earlier."""
    oldest = time.time() - _ABANDONED_SECONDS
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("offline.") and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        os.unlink(entry.path)


def _make_folders(path: str) -> None:
    """Makes a folder and those above it that are missing, durably."""
    try:
        os.mkdir(path)
    except FileExistsError:
        return
    except FileNotFoundError:
        _make_folders(os.path.dirname(path))
        _make_folders(path)
        return
    _sync_folder(os.path.dirname(path))


def _sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
