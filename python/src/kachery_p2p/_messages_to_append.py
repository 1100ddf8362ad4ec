"""Messages on their way into a subfeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._errors import KacheryError, failure
from ._limits import MAX_APPEND_BYTES, MAX_APPEND_MESSAGES, MAX_FEED_MESSAGE_BYTES
from ._strict_json import dump_strictly


def messages_to_append(messages: Sequence[Any]) -> list[bytes]:
    """The messages of one append as JSON.

    Raises ``invalid-argument`` if there is none or one is no JSON, ``too-large`` for what one
    append cannot hold.
    """
    if not messages:
        message = "There is no message to append."
        raise failure("invalid-argument", message, {"field": "messages"})
    contents = [dump_strictly(message, "message").encode("ascii") for message in messages]
    largest, total = max(map(len, contents)), sum(map(len, contents))
    if largest > MAX_FEED_MESSAGE_BYTES:
        advice = "Store it with store_json and append its URI."
        raise _too_large("A message has {} bytes of JSON", largest, MAX_FEED_MESSAGE_BYTES, advice)
    advice = "Append them in several calls."
    if len(contents) > MAX_APPEND_MESSAGES:
        raise _too_large("There are {} messages", len(contents), MAX_APPEND_MESSAGES, advice)
    if total > MAX_APPEND_BYTES:
        problem = "The messages have {} bytes of JSON together"
        raise _too_large(problem, total, MAX_APPEND_BYTES, advice)
    return contents


def _too_large(problem: str, actual: int, limit: int, advice: str) -> KacheryError:
    message = f"{problem.format(actual)}; at most {limit} go into one append. {advice}"
    return failure("too-large", message, {"limit": str(limit), "actual": str(actual)})
