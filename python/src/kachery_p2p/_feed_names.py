"""Addresses of feeds and names of subfeeds."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from ._canonical_json import canonical_json
from ._errors import KacheryError, failure, quoted

_FEED_ID = re.compile(r"[0-9a-f]{64}")
_HASH_NAME = re.compile(r"~[0-9a-f]{40}")


class FeedUri(NamedTuple):
    """A parsed ``feed://`` address; ``subfeed_name`` is None where it names only the feed."""

    feed_id: str
    subfeed_name: str | None


def is_feed_uri(text: str) -> bool:
    """Whether the text means to be a feed's address."""
    return text.startswith("feed://")


def parse_feed_uri(text: str) -> FeedUri:
    """The parts of ``feed://<id>[/<subfeed>]``. Raises ``invalid-uri``."""
    feed_id, _, name = text[len("feed://") :].partition("/")
    if not is_feed_uri(text) or not _FEED_ID.fullmatch(feed_id):
        raise _malformed(text, "its id is not 64 digits 0-9 and a-f in lower case")
    if not name:
        return FeedUri(feed_id, None)
    try:
        return FeedUri(feed_id, unquote(name, errors="strict"))
    except UnicodeDecodeError:
        raise _malformed(text, "its subfeed's name is not UTF-8 in percent-encoding") from None


def subfeed_uri(feed_uri: str, name: Any) -> str:
    """The address of a subfeed: by its name where that is a text, else by its hash."""
    if isinstance(name, str):
        hash_of_subfeed(name)
        return f"{feed_uri}/{quote(name, safe='~')}"
    return f"{feed_uri}/~{hash_of_subfeed(name)}"


def hash_of_subfeed(name: Any) -> str:
    """The hash of a subfeed's name, which is a text, ``~`` and a hash, or any JSON value.

    Raises ``invalid-argument`` for a text that has no UTF-8, and for what is no JSON.
    """
    if not isinstance(name, str):
        text = canonical_json(name, "subfeed name")
    elif _HASH_NAME.fullmatch(name):
        return name[1:]
    else:
        text = name
    try:
        return hashlib.sha1(text.encode("utf-8"), usedforsecurity=False).hexdigest()
    except UnicodeEncodeError as error:
        message = f"The subfeed name {quoted(text)} has half a surrogate pair: {error}."
        raise failure("invalid-argument", message, {"field": "subfeed name"}) from error


def _malformed(text: str, problem: str) -> KacheryError:
    return failure(
        "invalid-uri",
        f"{quoted(text)} is not the address of a feed: {problem}. An example: "
        f"feed://{'0' * 64}/main",
        {"uri": text[:200]},
    )
