"""Messages of a subfeed as they come, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Callable

import kachery_p2p as kp

from ._threads import wait_in_thread


class MessageStream:
    """Messages of a subfeed as they come: an asynchronous iterator and context manager.

    A task that is cancelled while it waits for a message waits no more, and no message is lost:
    the stream can be gone on with, as after ``asyncio.wait_for``. After another error it is over.

    Attributes:
        position: Position of the next message.
    """

    def __init__(self, follow: Callable[[int], kp.MessageStream], position: int) -> None:
        self.position = position
        self._follow = follow
        self._messages: Iterator[Any] = iter(())
        self._stream: kp.MessageStream | None = None
        self._is_over = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        while not self._is_over:
            for message in self._messages:
                self.position += 1
                return message
            self._messages = iter(await self._next_batch())
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends it, also while another task waits for a message."""
        self._is_over = True
        if self._stream is not None:
            self._stream.close()

    async def __aenter__(self) -> MessageStream:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _next_batch(self) -> list[Any]:
        stream = self._stream
        if stream is None:
            stream = self._stream = self._follow(self.position)
        try:
            batch = await wait_in_thread(stream.next_batch, stream.close)
        except asyncio.CancelledError:
            self._stream = None
            raise
        except BaseException:
            self._is_over = True
            raise
        self._is_over = self._is_over or not batch
        return batch
