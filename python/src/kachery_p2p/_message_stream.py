"""Messages of a subfeed as they come."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from ._message_log import Following


class MessageStream:
    """Messages of a subfeed as they come: an iterator, and a context manager that closes it.

    Ends when it was closed; that of a snapshot, behind the last message. After an error it is
    over; follow from ``position`` on to go on.

    Attributes:
        position: Position of the next message.
    """

    def __init__(self, following: Following, position: int) -> None:
        self.position = position
        self._following = following
        self._values: Iterator[Any] = iter(())
        self._finalizer = weakref.finalize(self, following.close)

    def close(self) -> None:
        """Ends it, from any thread, also while another one waits for a message."""
        self._values = iter(())
        self._finalizer()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            while True:
                for value in self._values:
                    self.position += 1
                    return value
                if not self._wait():
                    raise StopIteration
        except BaseException:
            self.close()
            raise

    def next_batch(self) -> list[Any]:
        """Waits for a message; returns it with others that came with it. Empty at the end."""
        batch: list[Any] = []
        try:
            while not batch:
                batch.extend(self._values)
                if not batch and not self._wait():
                    break
        except BaseException:
            self.close()
            raise
        self.position += len(batch)
        return batch

    def _wait(self) -> bool:
        values = self._following.next_values()
        self._values = iter(values or ())
        return values is not None

    def __enter__(self) -> MessageStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
