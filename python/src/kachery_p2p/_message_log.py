"""What a subfeed is read from and written to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class FeedMessage:
    """A message and what its feed says of it.

    Attributes:
        message: The JSON value.
        position: Its place in the subfeed, counted from 0.
        timestamp: When it was appended, in milliseconds since 1970 UTC, by the owner's clock;
            None in a snapshot.
        submitter_node_id: Id of the node that submitted it; None if the owner appended it.
    """

    message: Any
    position: int
    timestamp: int | None = None
    submitter_node_id: str | None = None


class Following(Protocol):
    """Messages as they come; ``close`` ends them, from any thread."""

    def __iter__(self) -> Iterator[FeedMessage]: ...

    def __next__(self) -> FeedMessage: ...

    def close(self) -> None:
        """Ends it: a ``next`` that waits raises StopIteration."""
        ...


class MessageLog(Protocol):
    """The messages of one subfeed."""

    def length(self) -> int:
        """How many there are."""
        ...

    def read(self, position: int, limit: int) -> Iterator[FeedMessage]:
        """What is there from a position on, at most so many; 0 stands for all."""
        ...

    def wait(self, position: int, seconds: float) -> bool:
        """Waits for a message at a position; tells whether it came in time."""
        ...

    def follow(self, position: int) -> Following:
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
