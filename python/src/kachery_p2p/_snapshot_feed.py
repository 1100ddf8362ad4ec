"""A snapshot: messages of a feed in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from ._errors import KacheryError, failure
from ._feed import SubfeedInfo
from ._feed_names import SubfeedName
from ._formats import parse_json
from ._loading import load_file
from ._snapshot_log import SnapshotLog


class SnapshotFeed:
    """A feed as a file has it.

    Args:
        uri: Address of the file.

    Raises:
        NotFoundError: Nobody has the file.
        InvalidArgumentError: The file is no snapshot.
        KacheryError: Anything else that went wrong.
    """

    feed_id = None
    name = None
    is_writeable = False

    def __init__(self, uri: str) -> None:
        self.uri = uri
        path = load_file(uri)
        if path is None:
            message = f"Nobody who could be asked has the snapshot {uri}. Ask who made it."
            raise failure("file-not-found", message, {"uri": uri})
        self._messages = _parse(parse_json(path), uri)

    def log(self, name: SubfeedName) -> SnapshotLog:
        """A subfeed. Raises ``feed-not-found`` if the snapshot does not have it."""
        messages = self._messages.get(name.hash)
        if messages is not None:
            return SnapshotLog(self.uri, messages)
        raise failure(
            "feed-not-found",
            f"The snapshot {self.uri} does not have the subfeed {name.json or name.hash}. It has "
            f"{len(self._messages)} others; list_subfeeds() tells which.",
            {"uri": self.uri, "subfeed_hash": name.hash},
        )

    def subfeeds(self) -> Iterator[SubfeedInfo]:
        """The subfeeds of the snapshot."""
        for subfeed_hash in sorted(self._messages):
            length = len(self._messages[subfeed_hash])
            yield SubfeedInfo(f"~{subfeed_hash}", subfeed_hash, length, None)

    def delete(self) -> None:
        """Fails."""
        message = f"{self.uri} is a snapshot, a file, and so no feed that could be deleted."
        raise failure("feed-not-writeable", message, {"uri": self.uri})


def _parse(value: Any, uri: str) -> Mapping[str, Sequence[Any]]:
    """Hashes of subfeeds, and their messages."""
    messages: dict[str, Sequence[Any]] = {}
    for key, subfeed in _dict(_dict(value, uri).get("subfeeds"), uri).items():
        found = _dict(subfeed, uri).get("messages")
        if not isinstance(found, list):
            raise _malformed(uri)
        messages[key] = cast("list[Any]", found)
    return messages


def _dict(value: Any, uri: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(uri)
    return cast("dict[str, Any]", value)


def _malformed(uri: str) -> KacheryError:
    message = f"{uri} is a JSON file, but no snapshot of a feed. Read it with load_json."
    return failure("invalid-argument", message, {"uri": uri})
