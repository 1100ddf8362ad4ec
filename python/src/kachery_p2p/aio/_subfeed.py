"""A log of a feed, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice
from typing import Any

import kachery_p2p as kp

from .._cancellation import Cancellation
from .._position import parse_position
from ._message_stream import MessageStream
from ._threads import run_in_thread, wait_in_thread

_BATCH_MESSAGES = 1_000


class Subfeed:
    """A log of a feed. Its methods are those of ``kachery_p2p.Subfeed``; what waits is awaited."""

    def __init__(self, subfeed: kp.Subfeed) -> None:
        self._subfeed = subfeed
        self.get_uri = subfeed.get_uri
        self.get_subfeed_name = subfeed.get_subfeed_name
        self.get_subfeed_hash = subfeed.get_subfeed_hash
        self.is_snapshot = subfeed.is_snapshot
        self.is_writeable = subfeed.is_writeable
        self.get_position = subfeed.get_position
        self.set_position = subfeed.set_position

    def __repr__(self) -> str:
        return f"<aio.Subfeed {self.get_uri()}>"

    async def __aiter__(self) -> AsyncIterator[Any]:
        messages = iter(self._subfeed)

        def next_batch() -> list[Any]:
            return list(islice(messages, _BATCH_MESSAGES))

        while batch := await run_in_thread(next_batch):
            for message in batch:
                yield message

    async def get_num_local_messages(self) -> int:
        """How many messages the daemon has of it."""
        return await run_in_thread(self._subfeed.get_num_local_messages)

    async def get_next_messages(
        self,
        wait_msec: float = 10,
        signed: bool = False,
        max_num_messages: int = 0,
        advance_position: bool = True,
    ) -> list[Any]:
        """The messages from the position on; empty if none came in time."""
        cancellation = Cancellation()

        def wait() -> list[Any]:
            return self._subfeed.get_next_messages(
                wait_msec, signed, max_num_messages, advance_position
            )

        return await wait_in_thread(lambda: cancellation.run(wait), cancellation.cancel)

    async def get_next_message(
        self, wait_msec: float = 10, signed: bool = False, advance_position: bool = True
    ) -> Any:
        """The message at the position; None if none came in time."""
        cancellation = Cancellation()

        def wait() -> Any:
            return self._subfeed.get_next_message(wait_msec, signed, advance_position)

        return await wait_in_thread(lambda: cancellation.run(wait), cancellation.cancel)

    def follow(self, position: int | None = None, *, signed: bool = False) -> MessageStream:
        """The messages from a position on, and each new one soon after it was appended.

        For ``async for``, and for ``async with``, which closes it. As ``follow`` of
        ``kachery_p2p.Subfeed`` for the rest.
        """
        start = self.get_position() if position is None else parse_position(position)
        return MessageStream(lambda at: self._subfeed.follow(at, signed=signed), start)

    async def message_stream(self, signed: bool = False) -> AsyncIterator[Any]:
        """As ``follow``, moving the position with each message."""
        async with self.follow(signed=signed) as messages:
            async for message in messages:
                self.set_position(messages.position)
                yield message

    async def append_message(self, message: Any, *, expected_length: int | None = None) -> int:
        """Appends a message; returns its position."""
        return await self.append_messages([message], expected_length=expected_length)

    async def append_messages(
        self, messages: Iterable[Any], *, expected_length: int | None = None
    ) -> int:
        """Appends messages, all or none; returns the position of the first."""
        append = self._subfeed.append_messages
        return await run_in_thread(lambda: append(messages, expected_length=expected_length))

    async def submit_message(self, message: Any) -> int:
        """Submits a message; returns its position."""
        return await self.submit_messages([message])

    async def submit_messages(self, messages: Iterable[Any]) -> int:
        """Submits messages, all or none; returns the position of the first."""
        return await run_in_thread(lambda: self._subfeed.submit_messages(messages))

    async def get_access_rules(self) -> dict[str, list[dict[str, Any]]]:
        """Which nodes may submit."""
        return await run_in_thread(self._subfeed.get_access_rules)

    async def set_access_rules(self, rules: Mapping[str, Any]) -> None:
        """Says which nodes may submit."""
        await run_in_thread(lambda: self._subfeed.set_access_rules(rules))

    async def grant_write_access(self, node_id: str) -> None:
        """Lets a node submit."""
        await run_in_thread(lambda: self._subfeed.grant_write_access(node_id))

    async def revoke_write_access(self, node_id: str) -> None:
        """Lets a node submit no more."""
        await run_in_thread(lambda: self._subfeed.revoke_write_access(node_id))
