"""kachery-p2p: files under permanent addresses made from their content.

    import kachery_p2p as kp

    uri = kp.store_text("Here is my message")
    text = kp.load_text(uri)

Online by default, through a kachery-p2p daemon; offline, in a directory alone, if
KACHERY_P2P_OFFLINE_STORAGE_DIR is set. The generated gRPC stubs are in ``kachery_p2p.v1``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._daemon_process import DaemonInfo, start_daemon
    from ._errors import (
        AlreadyRunningError,
        CancelledError,
        ConflictError,
        ContentCorruptError,
        DaemonNotRunningError,
        DeadlineExceededError,
        DiskFailedError,
        InternalError,
        InvalidArgumentError,
        KacheryError,
        LoadFileError,
        NotFoundError,
        NotPermittedError,
        NotSupportedError,
        OfflineError,
        RangeBeyondEndError,
        StorageFullError,
        StorageMismatchError,
        StorageNotWritableError,
        TooBusyError,
    )
    from ._files import FileInfo, FileProvider
    from ._loading import (
        get_file_info,
        load_bytes,
        load_bytes_batch,
        load_file,
        load_json,
        load_npy,
        load_object,
        load_pkl,
        load_text,
        read_file,
    )
    from ._node import find_file, get_node_id, stop_daemon
    from ._storing import (
        link_file,
        store_bytes,
        store_bytes_batch,
        store_file,
        store_files,
        store_json,
        store_npy,
        store_object,
        store_pkl,
        store_text,
    )

    __version__: str

__all__ = [
    "AlreadyRunningError",
    "CancelledError",
    "ConflictError",
    "ContentCorruptError",
    "DaemonInfo",
    "DaemonNotRunningError",
    "DeadlineExceededError",
    "DiskFailedError",
    "FileInfo",
    "FileProvider",
    "InternalError",
    "InvalidArgumentError",
    "KacheryError",
    "LoadFileError",
    "NotFoundError",
    "NotPermittedError",
    "NotSupportedError",
    "OfflineError",
    "RangeBeyondEndError",
    "StorageFullError",
    "StorageMismatchError",
    "StorageNotWritableError",
    "TooBusyError",
    "__version__",
    "find_file",
    "get_file_info",
    "get_node_id",
    "link_file",
    "load_bytes",
    "load_bytes_batch",
    "load_file",
    "load_json",
    "load_npy",
    "load_object",
    "load_pkl",
    "load_text",
    "read_file",
    "start_daemon",
    "stop_daemon",
    "store_bytes",
    "store_bytes_batch",
    "store_file",
    "store_files",
    "store_json",
    "store_npy",
    "store_object",
    "store_pkl",
    "store_text",
]

_MODULES = ("_errors", "_files", "_loading", "_storing", "_node", "_daemon_process")


def __getattr__(name: str) -> Any:
    """What the package exports, imported at its first use: the stubs alone need none of it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("kachery-p2p")
    if name in __all__:
        from importlib import import_module

        for module_name in _MODULES:
            module = import_module(f".{module_name}", __name__)
            if name in vars(module):
                return globals().setdefault(name, vars(module)[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
