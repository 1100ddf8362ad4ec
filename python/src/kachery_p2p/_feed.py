"""A feed: logs under one key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ._errors import failure
from ._feed_names import SubfeedName, subfeed_name
from ._message_log import MessageLog
from ._storing import store_json
from ._subfeed import Subfeed


@dataclass(frozen=True)
class SubfeedInfo:
    """What is known of a subfeed.

    Attributes:
        name: Its name, any JSON value; ``~`` and its hash if no more is known.
        hash: Hash of the name, 40 hexadecimal digits.
        length: How many messages it has.
        timestamp: When the last one was appended, in milliseconds since 1970 UTC; None in a
            snapshot.
    """

    name: Any
    hash: str
    length: int
    timestamp: int | None


class FeedOrigin(Protocol):
    """Where the subfeeds of a feed are."""

    @property
    def uri(self) -> str:
        """Address of the feed."""
        ...

    @property
    def feed_id(self) -> str | None:
        """Id of the feed; None of a snapshot."""
        ...

    @property
    def name(self) -> str | None:
        """Its name on this node."""
        ...

    @property
    def is_writeable(self) -> bool:
        """Whether this node has the private key."""
        ...

    def log(self, name: SubfeedName) -> MessageLog:
        """A subfeed."""
        ...

    def subfeeds(self) -> Iterator[SubfeedInfo]:
        """The subfeeds that have messages."""
        ...

    def delete(self) -> None:
        """Deletes the feed."""
        ...


class Feed:
    """A feed: append-only logs, its subfeeds, under one key. Or a snapshot of one."""

    def __init__(self, origin: FeedOrigin) -> None:
        self._origin = origin

    def __repr__(self) -> str:
        return f"<Feed {self.get_uri()}>"

    def get_uri(self) -> str:
        """The feed's address, ``feed://<id>``; of a snapshot, ``sha1://<40 hex>/feed.json``."""
        return self._origin.uri

    def get_feed_id(self) -> str:
        """The feed's id: its ed25519 public key, 64 hexadecimal digits.

        Raises InvalidArgumentError for a snapshot, which has none.
        """
        if self._origin.feed_id is None:
            message = f"{self.get_uri()} is a snapshot. It has an address, but not a feed's id."
            raise failure("invalid-argument", message, {"uri": self.get_uri()})
        return self._origin.feed_id

    def get_feed_name(self) -> str | None:
        """The feed's name on the daemon's node; None if it has none."""
        return self._origin.name

    def is_snapshot(self) -> bool:
        """Whether it is a snapshot, which never changes."""
        return self._origin.feed_id is None

    def is_writeable(self) -> bool:
        """Whether the daemon's node has the feed's private key, so that it can append."""
        return self._origin.is_writeable

    def get_subfeed(self, name: Any, position: int = 0) -> Subfeed:
        """A subfeed, which need not have messages yet.

        Args:
            name: Its name, any JSON value; a text of ``~`` and 40 hexadecimal digits stands for
                the name with this hash. Whole numbers in it must be such that a double holds
                them, as all up to 2**53 are.
            position: Position of the first message to read.

        Raises:
            InvalidArgumentError: The name is no JSON value, a text without UTF-8, or over 4,096
                bytes as JSON, or has a whole number that no double holds.
            NotFoundError: The snapshot does not have it.
        """
        parsed = subfeed_name(name)
        return Subfeed(self._origin.log(parsed), name, parsed, position)

    def list_subfeeds(self) -> Iterator[SubfeedInfo]:
        """The subfeeds that have messages, ordered by their hashes.

        Raises:
            NotFoundError: The feed was deleted.
            KacheryError: Anything else that went wrong.
        """
        return self._origin.subfeeds()

    def create_snapshot(self, names: Iterable[Any] | None = None) -> str:
        """Stores the messages that are there now as a file; returns its ``sha1://`` address.

        ``load_feed`` reads it, on any node that can get the file. It holds JSON, without
        signatures, and is put together in memory.

        Args:
            names: Names of the subfeeds; None for all.
        """
        if names is None:
            names = [f"~{subfeed.hash}" for subfeed in self.list_subfeeds()]
        subfeeds = {
            subfeed.get_subfeed_hash(): {
                "subfeedHash": subfeed.get_subfeed_hash(),
                "messages": list(subfeed),
            }
            for subfeed in map(self.get_subfeed, names)
        }
        return store_json({"subfeeds": subfeeds}, "feed.json")

    def delete(self) -> None:
        """Deletes the feed with its key and messages, for ever; for the daemon's owner.

        Raises:
            NotPermittedError: The caller does not own the daemon, or it is a snapshot.
            NotFoundError: It was deleted already.
            KacheryError: Anything else that went wrong.
        """
        self._origin.delete()
