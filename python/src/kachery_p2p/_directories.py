"""Files in directories that were stored as a listing (sha1dir). As kachery 0.6."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any, cast

from ._errors import KacheryError, failure, quoted
from ._files import Files
from ._limits import MAX_LISTING_BYTES
from ._uri import DirectoryUri, FileUri, is_sha1

_resolved: dict[DirectoryUri, FileUri] = {}
_MAX_RESOLVED = 10_000


def resolve_directory(files: Files, uri: DirectoryUri) -> FileUri:
    """The file that a sha1dir URI names.

    Raises ``file-not-found`` if there is no such file in the listing, ``content-corrupt`` if the
    listing is none, and what loading the listing raises.
    """
    # What an address leads to never changes.
    found = _resolved.get(uri)
    if found is None:
        listing = _listing(files.load(FileUri(uri.sha1)), uri.sha1)
        found = FileUri(find_in_listing(listing, uri), uri.path[-1])
        if len(_resolved) >= _MAX_RESOLVED:
            _resolved.clear()
        _resolved[uri] = found
    return found


def find_in_listing(listing: Any, uri: DirectoryUri) -> str:
    """Hash of the file that the URI's path names; a directory hides a file of the same name."""
    folder = listing
    for depth, name in enumerate(uri.path, start=1):
        child = _member(_member(folder, "dirs"), name)
        if child is not None:
            folder = child
            continue
        sha1 = _member(_member(_member(folder, "files"), name), "sha1")
        if depth == len(uri.path) and isinstance(sha1, str) and is_sha1(sha1):
            return sha1
        raise _missing(uri, f"it has no {quoted('/'.join(uri.path[:depth]))}")
    raise _missing(uri, f"{quoted('/'.join(uri.path) or '/')} is a directory, not a file")


@lru_cache(maxsize=2)
def _listing(path: str, sha1: str) -> Any:
    """The parsed listing; kept while several of its files are looked up."""
    try:
        if os.path.getsize(path) > MAX_LISTING_BYTES:
            raise ValueError("it is too large")
        with open(path, "rb") as file:
            return json.loads(file.read())
    except ValueError as error:
        raise failure(
            "content-corrupt",
            f"sha1dir://{sha1} is not a directory listing: {error}.",
            {"uri": f"sha1dir://{sha1}"},
        ) from error


def _member(value: Any, name: str) -> Any | None:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _missing(uri: DirectoryUri, problem: str) -> KacheryError:
    return failure(
        "file-not-found",
        f"There is no such file in the directory sha1dir://{uri.sha1}: {problem}.",
        {"uri": str(uri)},
    )
