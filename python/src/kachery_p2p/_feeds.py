"""Making, finding and deleting feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._daemon_session import daemon_session
from ._errors import ConflictError, NotFoundError, failure
from ._feed import Feed
from ._feed_names import is_feed_id, is_feed_uri, parse_feed_uri
from ._snapshot_feed import SnapshotFeed
from ._subfeed import Subfeed

if TYPE_CHECKING:
    from ._session import Session


def create_feed(name: str | None = None) -> Feed:
    """Makes a feed, whose private key stays with the daemon.

    Args:
        name: Its name on the daemon's node, 1 to 1,000 bytes; None for none. It must not look
            like the id of a feed, or begin as an address does.

    Raises:
        InvalidArgumentError: The name cannot be one.
        ConflictError: A feed has the name (``already-exists``).
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    session = _session()
    from ._remote_feeds import create_remote

    return Feed(create_remote(session, name))


def load_feed(name_or_uri: str, timeout_sec: float | None = None, create: bool = False) -> Feed:
    """The feed of a name or an address.

    Args:
        name_or_uri: Its name on the daemon's node, its address ``feed://<id>``, its id, or the
            ``sha1://`` address of a snapshot, which works offline, too.
        timeout_sec: How long to wait for the answer, in seconds; None for the usual time.
        create: Makes a feed of this name if there is none.

    Raises:
        NotFoundError: There is no such feed, or nobody has the snapshot.
        InvalidArgumentError: The address is malformed, or that of a subfeed; the name has no
            UTF-8; the file is no snapshot.
        OfflineError: Offline mode is on, and it is not a snapshot.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    if name_or_uri.startswith(("sha1://", "sha1dir://")):
        return Feed(SnapshotFeed(name_or_uri))
    session = _session()
    from ._remote_feeds import create_remote, find_remote

    is_name = not (is_feed_uri(name_or_uri) or is_feed_id(name_or_uri))
    try:
        return Feed(find_remote(session, name_or_uri, timeout_sec))
    except NotFoundError:
        if not create or not is_name:
            raise
    try:
        return Feed(create_remote(session, name_or_uri))
    except ConflictError:
        # Somebody else made it meanwhile.
        return Feed(find_remote(session, name_or_uri, timeout_sec))


def load_subfeed(uri: str) -> Subfeed:
    """The subfeed of an address, ``feed://<id>/<name>`` or ``feed://<id>/~<hash>``.

    Raises:
        NotFoundError: The daemon does not have the feed.
        InvalidArgumentError: The address is malformed, or that of a feed.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    feed_id, name = parse_feed_uri(uri)
    if name is None:
        message = f"{uri} is the address of a feed. Use load_feed, or add the name of a subfeed."
        raise failure("invalid-uri", message, {"uri": uri})
    return load_feed(f"feed://{feed_id}").get_subfeed(name)


def delete_feed(name_or_uri: str) -> None:
    """Deletes a feed with its key and messages, for ever; for the daemon's owner.

    Raises:
        NotFoundError: There is no such feed.
        NotPermittedError: The caller does not own the daemon, or it is a snapshot.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    load_feed(name_or_uri).delete()


def get_feed_id(name: str, create: bool = False) -> str | None:
    """Id of the feed of a name, 64 hexadecimal digits; None if there is no such feed.

    Args:
        name: Its name on the daemon's node.
        create: Makes a feed of this name if there is none.

    Raises:
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    try:
        return load_feed(name, create=create).get_feed_id()
    except NotFoundError as error:
        if error.reason == "feed-not-found":
            return None
        raise


def _session() -> Session:
    return daemon_session("Feeds are kept by a daemon")
