"""Addresses of feeds and names of subfeeds."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from ._canonical_json import canonical_json
from ._errors import KacheryError, failure, quoted
from ._limits import MAX_SUBFEED_NAME_BYTES, MAX_URI_LENGTH

_FEED_ID = re.compile(r"[0-9a-f]{64}")
_HASH_NAME = re.compile(r"~[0-9a-f]{40}")


class FeedUri(NamedTuple):
    """A parsed ``feed://`` address; ``subfeed_name`` is None where it names only the feed."""

    feed_id: str
    subfeed_name: str | None


class SubfeedName(NamedTuple):
    """What a subfeed is called.

    Attributes:
        hash: Hash of the name, 40 hexadecimal digits.
        json: The name as canonical JSON; None where no more than the hash is known.
        in_uri: The name as it stands in the subfeed's address.
    """

    hash: str
    json: str | None
    in_uri: str


def is_feed_uri(text: str) -> bool:
    """Whether the text means to be a feed's address."""
    return text.startswith("feed://")


def is_feed_id(text: str) -> bool:
    """Whether the text is a feed's id."""
    return _FEED_ID.fullmatch(text) is not None


def parse_feed_uri(text: str) -> FeedUri:
    """The parts of ``feed://<id>[/<subfeed>]``. Raises ``invalid-uri``."""
    if len(text) > MAX_URI_LENGTH:
        raise _malformed(text, f"it is longer than {MAX_URI_LENGTH} characters")
    feed_id, _, name = text[len("feed://") :].partition("/")
    if not is_feed_uri(text) or not is_feed_id(feed_id):
        raise _malformed(text, "it must begin with feed:// and 64 digits 0-9 and a-f in lower case")
    if "?" in name or "#" in name:
        raise _malformed(text, 'there is nothing behind a "?" or "#" in it')
    if not name:
        return FeedUri(feed_id, None)
    try:
        return FeedUri(feed_id, unquote(name, errors="strict"))
    except UnicodeDecodeError:
        raise _malformed(text, "its subfeed's name is not UTF-8 in percent-encoding") from None


def subfeed_name(name: Any) -> SubfeedName:
    """What a name stands for: a text, ``~`` and a hash, or any other JSON value.

    Raises ``invalid-argument`` for a text that has no UTF-8, for what is no JSON, and for what is
    too long.
    """
    if isinstance(name, str) and _HASH_NAME.fullmatch(name):
        return SubfeedName(name[1:], None, name)
    json = canonical_json(name, "subfeed name")
    if len(json) > MAX_SUBFEED_NAME_BYTES:
        problem = f"The subfeed name has {len(json)} bytes as JSON"
        message = f"{problem}; at most {MAX_SUBFEED_NAME_BYTES} are allowed."
        raise failure("invalid-argument", message, {"field": "subfeed name"})
    try:
        content = (name if isinstance(name, str) else json).encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"The subfeed name {quoted(name)} has half a surrogate pair: {error}."
        raise failure("invalid-argument", message, {"field": "subfeed name"}) from None
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return SubfeedName(sha1, json, _in_uri(name, sha1))


def _in_uri(name: Any, sha1: str) -> str:
    return quote(name, safe="") if isinstance(name, str) and name else f"~{sha1}"


def _malformed(text: str, problem: str) -> KacheryError:
    return failure(
        "invalid-uri",
        f"{quoted(text)} is not the address of a feed: {problem}. An example: "
        f"feed://{'0' * 64}/main",
        {"uri": text[:200]},
    )
