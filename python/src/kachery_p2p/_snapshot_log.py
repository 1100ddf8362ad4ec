"""A subfeed as a snapshot has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ._errors import KacheryError, failure
from ._message_log import Values


class SnapshotLog:
    """Messages that never change."""

    is_writeable = False
    is_snapshot = True

    def __init__(self, uri: str, messages: Sequence[Any]) -> None:
        self.uri = uri
        self._messages = messages

    def length(self) -> int:
        """How many messages there are."""
        return len(self._messages)

    def read(self, position: int, limit: int, *, signed: bool) -> Iterator[Values]:
        """What is there from a position on."""
        if signed:
            message = f"{self.uri} is a snapshot, which keeps no signatures. Load the feed itself."
            raise failure("invalid-argument", message, {"field": "signed"})
        yield self._messages[position : position + limit if limit else None]

    def wait(self, position: int, seconds: float) -> bool:
        """Does not wait: no message will come."""
        return position < len(self._messages)

    def follow(self, position: int, *, signed: bool) -> _Rest:
        """What is there from a position on; then it ends."""
        return _Rest(self.read(position, 0, signed=signed))

    def append(self, messages: Sequence[Any], expected_length: int | None) -> int:
        """Fails."""
        raise self._fixed()

    def submit(self, messages: Sequence[Any]) -> int:
        """Fails."""
        raise self._fixed()

    def get_rules(self) -> dict[str, bool]:
        """None: nobody may write."""
        return {}

    def set_rules(self, rules: dict[str, bool]) -> None:
        """Fails."""
        raise self._fixed()

    def _fixed(self) -> KacheryError:
        message = f"{self.uri} is a snapshot, which never changes. Load the feed itself to write."
        return failure("feed-not-writeable", message)


class _Rest:
    """What is left of the messages."""

    def __init__(self, values: Iterator[Values]) -> None:
        self._values = values

    def next_values(self) -> Values | None:
        """The next messages, without waiting."""
        return next(self._values, None)

    def close(self) -> None:
        """Ends it."""
        self._values = iter(())
