"""A subfeed as a snapshot has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ._errors import KacheryError, failure
from ._message_log import FeedMessage


class SnapshotLog:
    """Messages that never change."""

    def __init__(self, messages: Sequence[Any]) -> None:
        self._messages = messages

    def length(self) -> int:
        """How many there are."""
        return len(self._messages)

    def read(self, position: int, limit: int) -> Iterator[FeedMessage]:
        """What is there from a position on."""
        end = position + limit if limit else len(self._messages)
        for index, message in enumerate(self._messages[position:end], position):
            yield FeedMessage(message, index)

    def wait(self, position: int, seconds: float) -> bool:
        """Does not wait: no message will come."""
        return position < len(self._messages)

    def follow(self, position: int) -> _Rest:
        """What is there from a position on; then it ends."""
        return _Rest(self.read(position, 0))

    def append(self, messages: Sequence[Any], expected_length: int | None) -> int:
        """Fails."""
        raise _fixed()

    def submit(self, messages: Sequence[Any]) -> int:
        """Fails."""
        raise _fixed()

    def get_rules(self) -> dict[str, bool]:
        """None: nobody may write."""
        return {}

    def set_rules(self, rules: dict[str, bool]) -> None:
        """Fails."""
        raise _fixed()


class _Rest:
    def __init__(self, messages: Iterator[FeedMessage]) -> None:
        self._messages = messages

    def __iter__(self) -> Iterator[FeedMessage]:
        return self

    def __next__(self) -> FeedMessage:
        return next(self._messages)

    def close(self) -> None:
        """Ends it."""
        self._messages = iter(())


def _fixed() -> KacheryError:
    message = "A snapshot never changes. Write to the feed that it was made of, or create a feed."
    return failure("feed-not-writeable", message)
