"""Failures of offline mode."""

from __future__ import annotations

from ._errors import KacheryError, failure
from ._uri import FileUri


def offline(problem: str) -> KacheryError:
    """The failure of what needs a daemon."""
    return failure(
        "offline",
        f"{problem}: KACHERY_P2P_OFFLINE_STORAGE_DIR is set, so there is no daemon by choice. "
        "Unset it to use one.",
    )


def file_not_found(uri: FileUri, directory: str) -> KacheryError:
    """The failure of looking for a file that an offline storage directory does not have."""
    return failure(
        "file-not-found",
        f"{uri} is not in the offline storage directory {directory}. Unset "
        "KACHERY_P2P_OFFLINE_STORAGE_DIR to look for it through a daemon.",
        {"uri": str(uri)},
    )
