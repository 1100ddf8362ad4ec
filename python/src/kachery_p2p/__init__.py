"""kachery-p2p: files under permanent addresses made from their content, and feeds.

    import kachery_p2p as kp

    uri = kp.store_text("Here is my message")
    text = kp.load_text(uri)

    messages = kp.load_feed("results", create=True).get_subfeed("main")
    messages.append_message({"uri": uri})
    for message in messages.follow():
        print(message)

Online by default, through a kachery-p2p daemon; offline, in a directory alone, if
KACHERY_P2P_OFFLINE_STORAGE_DIR is set. ``kachery_p2p.aio`` is the same for asyncio. The generated
gRPC stubs are in ``kachery_p2p.v1``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._channels import (
        Channel,
        ChannelRoles,
        Peer,
        get_channels,
        get_peers,
        join_channel,
        leave_channel,
    )
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
        UnreachableError,
    )
    from ._feed import Feed, SubfeedInfo
    from ._feeds import create_feed, delete_feed, get_feed_id, load_feed, load_subfeed
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
    from ._message_stream import MessageStream
    from ._missing import MISSING
    from ._mutables import delete, get, get_string, set  # noqa: A004
    from ._node import find_file, get_node_id, stop_daemon
    from ._signed_message import SignedMessage
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
    from ._subfeed import Subfeed
    from ._watching import watch_for_new_messages

    __version__: str

__all__ = [
    "MISSING",
    "AlreadyRunningError",
    "CancelledError",
    "Channel",
    "ChannelRoles",
    "ConflictError",
    "ContentCorruptError",
    "DaemonInfo",
    "DaemonNotRunningError",
    "DeadlineExceededError",
    "DiskFailedError",
    "Feed",
    "FileInfo",
    "FileProvider",
    "InternalError",
    "InvalidArgumentError",
    "KacheryError",
    "LoadFileError",
    "MessageStream",
    "NotFoundError",
    "NotPermittedError",
    "NotSupportedError",
    "OfflineError",
    "Peer",
    "RangeBeyondEndError",
    "SignedMessage",
    "StorageFullError",
    "StorageMismatchError",
    "StorageNotWritableError",
    "Subfeed",
    "SubfeedInfo",
    "TooBusyError",
    "UnreachableError",
    "__version__",
    "create_feed",
    "delete",
    "delete_feed",
    "find_file",
    "get",
    "get_channels",
    "get_feed_id",
    "get_file_info",
    "get_node_id",
    "get_peers",
    "get_string",
    "join_channel",
    "leave_channel",
    "link_file",
    "load_bytes",
    "load_bytes_batch",
    "load_feed",
    "load_file",
    "load_json",
    "load_npy",
    "load_object",
    "load_pkl",
    "load_subfeed",
    "load_text",
    "read_file",
    "set",
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
    "watch_for_new_messages",
]

_MODULES = (
    "_errors",
    "_files",
    "_loading",
    "_storing",
    "_node",
    "_channels",
    "_daemon_process",
    "_missing",
    "_mutables",
    "_feeds",
    "_feed",
    "_subfeed",
    "_message_stream",
    "_signed_message",
    "_watching",
)


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
