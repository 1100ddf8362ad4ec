"""kachery-p2p for asyncio: the functions of ``kachery_p2p``, to be awaited.

    from kachery_p2p import aio

    uri = await aio.store_text("Here is my message")
    feed = await aio.load_feed("results", create=True)
    async for message in feed.get_subfeed("main").follow():
        print(message)

What returns an iterator there returns an asynchronous one here, for ``async for``. The work is
done in threads. When a task is cancelled, what it waits for is cancelled at the daemon, too, and
has ended when the task has.
"""

from __future__ import annotations

from ._channels import get_channels, get_peers, join_channel, leave_channel
from ._feeds import (
    Feed,
    create_feed,
    delete,
    delete_feed,
    get,
    get_feed_id,
    get_string,
    load_feed,
    load_subfeed,
    set,  # noqa: A004
    watch_for_new_messages,
)
from ._files import (
    find_file,
    get_file_info,
    get_node_id,
    link_file,
    load_bytes,
    load_bytes_batch,
    load_file,
    load_json,
    load_npy,
    load_object,
    load_pkl,
    load_text,
    read_file,
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
from ._message_stream import MessageStream
from ._subfeed import Subfeed

__all__ = [
    "Feed",
    "MessageStream",
    "Subfeed",
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
