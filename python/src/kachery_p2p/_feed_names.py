"""Addresses of feeds and names of subfeeds."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from ._canonical_json import canonical_json
from ._errors import KacheryError, failure, quoted
from ._limits import MAX_SUBFEED_NAME_BYTES, MAX_URI_LENGTH
from ._strict_json import dump_strictly

_FEED_ID = re.compile(r"[0-9a-f]{64}")
_FEED_URI_LENGTH = len("feed://") + 64
_HASH_NAME = re.compile(r"~[0-9a-f]{40}")


class FeedUri(NamedTuple):
    """A parsed ``feed://`` address; ``subfeed_name`` is None where it names only the feed."""

    feed_id: str
    subfeed_name: str | None


class SubfeedName(NamedTuple):
    """What a subfeed is called.

    Attributes:
        hash: Hash of the name, 40 hexadecimal digits.
        json: The name as JSON; None where no more than the hash is known.
        path: The name as it stands in the subfeed's address, in percent-encoding or as ``~`` and
            the hash.
    """

    hash: str
    json: str | None
    path: str


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

    Raises ``invalid-argument`` for a text that has no UTF-8, for what is no JSON, for a whole
    number that no double holds, and for what is too long.
    """
    if isinstance(name, str) and _HASH_NAME.fullmatch(name):
        return SubfeedName(name[1:], None, name)
    canonical, json = canonical_json(name, "subfeed name"), dump_strictly(name, "subfeed name")
    size_bytes = max(len(canonical), len(json))
    if size_bytes > MAX_SUBFEED_NAME_BYTES:
        problem = f"The subfeed name has {size_bytes} bytes as JSON"
        message = f"{problem}; at most {MAX_SUBFEED_NAME_BYTES} are allowed."
        raise failure("invalid-argument", message, {"field": "subfeed name"})
    content = utf_8(name, "subfeed name") if isinstance(name, str) else canonical.encode("ascii")
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return SubfeedName(sha1, json, _path(name, sha1))


def utf_8(name: str, field: str) -> bytes:
    """The name's UTF-8. Raises ``invalid-argument`` for half a surrogate pair, which has none."""
    try:
        return name.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"The {field} {quoted(name)} has half a surrogate pair, so no UTF-8: {error}."
        raise failure("invalid-argument", message, {"field": field}) from None


def _path(name: Any, sha1: str) -> str:
    path = quote(name, safe="") if isinstance(name, str) else ""
    return path if 0 < len(path) <= MAX_URI_LENGTH - _FEED_URI_LENGTH - 1 else f"~{sha1}"


def _malformed(text: str, problem: str) -> KacheryError:
    return failure(
        "invalid-uri",
        f"{quoted(text)} is not the address of a feed: {problem}. An example: "
        f"feed://{'0' * 64}/main",
        {"uri": text[:200]},
    )
