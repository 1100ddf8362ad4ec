"""Copies a file to a path that the user chose."""

from __future__ import annotations

import shutil

from ._incoming_file import incoming_copy
from ._system_errors import source_failure, storage_failure


def copy_file(path: str, dest: str) -> None:
    """Makes ``dest`` a writable copy of a file, replacing it in one step when it is whole."""
    try:
        open(path, "rb").close()
    except OSError as error:
        raise source_failure(error, path) from error
    with incoming_copy(dest) as copy:
        try:
            # As the system does it fastest: without leading the bytes through this process.
            shutil.copyfile(path, copy.path)
        except OSError as error:
            raise storage_failure(error, dest) from error
        copy.place(dest)
