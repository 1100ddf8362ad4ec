"""The exceptions of this package and the closed list of reasons behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class KacheryError(Exception):
    """Anything that went wrong, and why.

    Attributes:
        reason: For programs: a name of the closed list in the project's docs/errors.md, such as
            ``"disk-full"``.
        message: For people: what was wrong, what was tried and what to do.
        details: The values that the message speaks of.
    """

    def __init__(self, reason: str, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details: dict[str, str] = dict(details or {})

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.reason, self.message, self.details))


LoadFileError = KacheryError
"""The name that the original gave to what loading raises."""


class InvalidArgumentError(KacheryError, ValueError):
    """A URI, hash, range, label or other value that cannot be, or content of another form."""


class RangeBeyondEndError(InvalidArgumentError):
    """A range or a position beyond the end of the file or the subfeed."""


class NotFoundError(KacheryError, FileNotFoundError):
    """Nobody who could be asked has the file or the feed, or a path or channel is not there."""


class NotPermittedError(KacheryError, PermissionError):
    """The operating system, or the daemon for want of a token or a key, did not allow it."""


class ConflictError(KacheryError):
    """Somebody else was there first, or changed what was being read."""


class ContentCorruptError(KacheryError):
    """Bytes that do not match their hash, their size, or the link that leads to them."""


class StorageFullError(KacheryError, OSError):
    """The disk of the storage directory, or a quota on it, is full."""


class DiskFailedError(KacheryError, OSError):
    """A disk reported that it could not read or write."""


class TooBusyError(KacheryError):
    """The daemon works on as many requests of this kind as it may. Try again."""


class StorageNotWritableError(KacheryError, PermissionError):
    """The storage directory cannot be written."""


class OfflineError(KacheryError):
    """The operation needs a daemon, and offline mode is on."""


class DaemonNotRunningError(KacheryError, ConnectionError):
    """No daemon answers, or it is stopping."""


class UnreachableError(KacheryError, ConnectionError):
    """A node that may have what is wanted, or a channel, cannot be reached now. It may be later."""


class StorageMismatchError(KacheryError):
    """KACHERY_STORAGE_DIR names another storage directory than that of the daemon."""


class AlreadyRunningError(KacheryError):
    """Another daemon uses the directory or the port."""


class NotSupportedError(KacheryError, NotImplementedError):
    """The daemon is too old for it or was built without it."""


class CancelledError(KacheryError):
    """The call was cancelled."""


class DeadlineExceededError(KacheryError, TimeoutError):
    """The daemon did not answer in time."""


class InternalError(KacheryError):
    """A fault of this program; please report it."""


ERROR_CLASSES: Mapping[str, type[KacheryError]] = {
    "invalid-uri": InvalidArgumentError,
    "invalid-hash": InvalidArgumentError,
    "invalid-range": InvalidArgumentError,
    "invalid-argument": InvalidArgumentError,
    "too-large": InvalidArgumentError,
    "not-a-regular-file": InvalidArgumentError,
    "range-beyond-end": RangeBeyondEndError,
    "file-not-found": NotFoundError,
    "path-not-found": NotFoundError,
    "upload-not-found": NotFoundError,
    "path-not-permitted": NotPermittedError,
    "owner-only": NotPermittedError,
    "token-missing": NotPermittedError,
    "token-invalid": NotPermittedError,
    "file-changed": ConflictError,
    "upload-offset-mismatch": ConflictError,
    "size-mismatch": ContentCorruptError,
    "hash-mismatch": ContentCorruptError,
    "content-corrupt": ContentCorruptError,
    "disk-full": StorageFullError,
    "disk-failed": DiskFailedError,
    "too-busy": TooBusyError,
    "storage-not-writable": StorageNotWritableError,
    "offline": OfflineError,
    "daemon-stopping": DaemonNotRunningError,
    "daemon-not-running": DaemonNotRunningError,
    "storage-mismatch": StorageMismatchError,
    "already-running": AlreadyRunningError,
    "not-supported": NotSupportedError,
    "cancelled": CancelledError,
    "deadline-exceeded": DeadlineExceededError,
    "internal": InternalError,
    "already-exists": ConflictError,
    "feed-not-found": NotFoundError,
    "feed-not-writeable": NotPermittedError,
    "append-conflict": ConflictError,
    "submit-not-allowed": NotPermittedError,
    "mutable-not-found": NotFoundError,
    "mutable-conflict": ConflictError,
    "position-beyond-end": RangeBeyondEndError,
    "feed-forked": ContentCorruptError,
    "not-authorized": NotPermittedError,
    "channel-not-joined": NotFoundError,
    "channel-invalid": InvalidArgumentError,
    "channel-unavailable": UnreachableError,
    "node-unreachable": UnreachableError,
    "sources-failed": ContentCorruptError,
    "mirror-not-found": NotFoundError,
}
"""Every reason of the protocol's ErrorReason, and its exception."""


def failure(reason: str, message: str, details: Mapping[str, str] | None = None) -> KacheryError:
    """The exception for a reason; a reason of a newer daemon gives a plain KacheryError."""
    return ERROR_CLASSES.get(reason, KacheryError)(reason, message, details)


def quoted(text: str) -> str:
    """The text as a message shows it: in quotation marks, escaped, and cut when it is long."""
    shown = ascii(text if len(text) <= 100 else text[:100] + "...")
    return '"' + shown[1:-1] + '"'
