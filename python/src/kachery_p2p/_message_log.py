"""What a subfeed is read from and written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

Values = Iterable[Any]
"""Messages that follow each other, decoded as they are taken: JSON values, or SignedMessage."""


class Following(Protocol):
    """Messages of a subfeed as they come."""

    def next_values(self) -> Values | None:
        """Waits for the next messages; None when it has ended."""
        ...

    def close(self) -> None:
        """Ends it, from any thread: a ``next_values`` that waits returns None."""
        ...


class MessageLog(Protocol):
    """The messages of one subfeed."""

    @property
    def uri(self) -> str:
        """Its address."""
        ...

    @property
    def is_writeable(self) -> bool:
        """Whether messages can be appended here."""
        ...

    @property
    def is_snapshot(self) -> bool:
        """Whether it never changes."""
        ...

    def length(self) -> int:
        """How many messages there are."""
        ...

    def read(self, position: int, limit: int, *, signed: bool) -> Iterator[Values]:
        """What is there from a position on, at most so many; 0 stands for all.

        Signed ones come with the whole of the last append, even if that is more.
        """
        ...

    def wait(self, position: int, seconds: float) -> bool:
        """Waits for a message at a position; tells whether it came in time."""
        ...

    def follow(self, position: int, *, signed: bool) -> Following:
        """What is there from a position on, and what comes."""
        ...

    def append(self, messages: Sequence[Any], expected_length: int | None) -> int:
        """Appends all or none; returns the position of the first."""
        ...

    def submit(self, messages: Sequence[Any]) -> int:
        """Appends in the name of this node; returns the position of the first."""
        ...

    def get_rules(self) -> dict[str, bool]:
        """Which nodes may submit."""
        ...

    def set_rules(self, rules: dict[str, bool]) -> None:
        """Says which nodes may submit."""
        ...
