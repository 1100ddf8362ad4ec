"""Feeds and mutables, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import kachery_p2p as kp

from .._cancellation import Cancellation
from ._subfeed import Subfeed
from ._threads import asynchronous, asynchronous_iterator, run_in_thread, wait_in_thread


class Feed:
    """A feed. Its methods are those of ``kachery_p2p.Feed``; what waits is awaited."""

    def __init__(self, feed: kp.Feed) -> None:
        self._feed = feed
        self.get_uri = feed.get_uri
        self.get_feed_id = feed.get_feed_id
        self.get_feed_name = feed.get_feed_name
        self.is_snapshot = feed.is_snapshot
        self.is_writeable = feed.is_writeable

    def __repr__(self) -> str:
        return f"<aio.Feed {self.get_uri()}>"

    def get_subfeed(self, name: Any, position: int = 0) -> Subfeed:
        """A subfeed, which need not have messages yet."""
        return Subfeed(self._feed.get_subfeed(name, position))

    def list_subfeeds(self) -> AsyncIterator[kp.SubfeedInfo]:
        """The subfeeds that have messages, ordered by their hashes."""
        return asynchronous_iterator(self._feed.list_subfeeds)()

    async def create_snapshot(self, names: Iterable[Any] | None = None) -> str:
        """Stores the messages that are there now as a file; returns its address."""
        return await run_in_thread(lambda: self._feed.create_snapshot(names))

    async def delete(self) -> None:
        """Deletes the feed with its key and messages, for ever; for the daemon's owner."""
        await run_in_thread(self._feed.delete)


async def create_feed(name: str | None = None) -> Feed:
    """Makes a feed. As ``kachery_p2p.create_feed``."""
    return Feed(await run_in_thread(lambda: kp.create_feed(name)))


async def load_feed(
    name_or_uri: str, timeout_sec: float | None = None, create: bool = False
) -> Feed:
    """The feed of a name or an address. As ``kachery_p2p.load_feed``."""
    return Feed(await run_in_thread(lambda: kp.load_feed(name_or_uri, timeout_sec, create)))


async def load_subfeed(uri: str) -> Subfeed:
    """The subfeed of an address. As ``kachery_p2p.load_subfeed``."""
    return Subfeed(await run_in_thread(lambda: kp.load_subfeed(uri)))


async def watch_for_new_messages(
    subfeed_watches: Mapping[str, Mapping[str, Any]],
    wait_msec: float = 25_000,
    signed: bool = False,
) -> dict[str, list[Any]]:
    """The messages of many subfeeds. As ``kachery_p2p.watch_for_new_messages``."""
    cancellation = Cancellation()

    def wait() -> dict[str, list[Any]]:
        return kp.watch_for_new_messages(subfeed_watches, wait_msec, signed)

    return await wait_in_thread(lambda: cancellation.run(wait), cancellation.cancel)


delete_feed = asynchronous(kp.delete_feed)
get_feed_id = asynchronous(kp.get_feed_id)
get = asynchronous(kp.get)
get_string = asynchronous(kp.get_string)
set = asynchronous(kp.set)  # noqa: A001 - the name that users know
delete = asynchronous(kp.delete)
