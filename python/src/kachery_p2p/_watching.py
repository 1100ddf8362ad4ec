"""Waiting for news of many subfeeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._daemon_session import daemon_session
from ._errors import KacheryError, failure, quoted
from ._feed_names import SubfeedName, is_feed_id, subfeed_name
from ._position import parse_position
from ._uri import is_sha1


def watch_for_new_messages(
    subfeed_watches: Mapping[str, Mapping[str, Any]],
    wait_msec: float = 25_000,
    signed: bool = False,
) -> dict[str, list[Any]]:
    """The messages of many subfeeds from some positions on. Waits in a single call.

    Args:
        subfeed_watches: For each key of the caller's a dict with ``feedId``, with ``subfeedName``
            or ``subfeedHash``, and with ``position``, where reading begins (0 if left out).
        wait_msec: How long to wait for a message if none of them has one, in milliseconds.
        signed: Gives SignedMessage instead of the JSON values.

    Returns:
        The messages under each of the keys; none where there are none.

    Raises:
        NotFoundError: The daemon does not have one of the feeds.
        InvalidArgumentError: A watch has another form, or a message is no JSON.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = daemon_session("Feeds are kept by a daemon")
    from ._remote_follow import wait_for_any
    from ._remote_log import RemoteLog

    subfeeds: dict[str, tuple[RemoteLog, int]] = {}
    for key, watch in subfeed_watches.items():
        feed_id, name, position = _parse(key, watch)
        log = RemoteLog(session.settings, feed_id, name, is_writeable=False)
        subfeeds[key] = (log, position)

    def read() -> dict[str, list[Any]]:
        return {
            key: [value for values in log.read(position, 0, signed=signed) for value in values]
            for key, (log, position) in subfeeds.items()
        }

    found = read()
    if any(found.values()) or not subfeeds or wait_msec <= 0:
        return found
    watched = [log.watched(position) for log, position in subfeeds.values()]
    came = wait_for_any(session.settings, watched, wait_msec / 1000)
    return read() if came else found


def _parse(key: str, watch: Mapping[str, Any]) -> tuple[str, SubfeedName, int]:
    """Feed id, subfeed and position of a watch."""
    feed_id, subfeed_hash = watch.get("feedId"), watch.get("subfeedHash")
    if not isinstance(feed_id, str) or not is_feed_id(feed_id):
        raise _malformed(key, '"feedId" is not the id of a feed')
    if "subfeedName" in watch:
        name = subfeed_name(watch["subfeedName"])
    elif isinstance(subfeed_hash, str) and is_sha1(subfeed_hash):
        name = subfeed_name(f"~{subfeed_hash}")
    else:
        raise _malformed(key, 'there is neither "subfeedName" nor a hash as "subfeedHash"')
    return feed_id, name, parse_position(watch.get("position", 0))


def _malformed(key: str, problem: str) -> KacheryError:
    message = f"The watch {quoted(key)} is no subfeed to wait for: {problem}."
    return failure("invalid-argument", message, {"field": "subfeed_watches"})
