"""The feeds that the daemon has."""

from __future__ import annotations

from collections.abc import Iterator

from kachery_p2p import v1

from ._calls import call_unary
from ._errors import failure
from ._feed import SubfeedInfo
from ._feed_names import SubfeedName, is_feed_id, is_feed_uri, parse_feed_uri, utf_8
from ._limits import UNARY_TIMEOUT_SECONDS
from ._remote_log import RemoteLog
from ._session import Session, session_for
from ._settings import Settings
from ._strict_json import load_strictly


class RemoteFeed:
    """A feed that the daemon has."""

    def __init__(self, settings: Settings, feed: v1.Feed) -> None:
        self.feed_id = feed.feed_id
        self.uri = f"feed://{feed.feed_id}"
        self.name = feed.name if feed.HasField("name") else None
        self.is_writeable = feed.is_writeable
        self._settings = settings

    def log(self, name: SubfeedName) -> RemoteLog:
        """A subfeed."""
        return RemoteLog(self._settings, self.feed_id, name, self.is_writeable)

    def subfeeds(self) -> Iterator[SubfeedInfo]:
        """The subfeeds that have messages, ordered by hash."""
        request = v1.ListSubfeedsRequest(feed_id=self.feed_id)
        while True:
            session = session_for(self._settings)
            page = call_unary(session, lambda to: to.feeds.ListSubfeeds, request)
            yield from map(_subfeed_info, page.subfeeds)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def delete(self) -> None:
        """Deletes the feed."""
        request = v1.DeleteFeedRequest(feed_id=self.feed_id)
        call_unary(session_for(self._settings), lambda to: to.feeds.DeleteFeed, request)


def create_remote(session: Session, name: str | None) -> RemoteFeed:
    """Makes a feed. Raises ``already-exists``, ``invalid-argument``."""
    if name is not None:
        utf_8(name, "feed name")
    request = v1.CreateFeedRequest(name=name)
    response = call_unary(session, lambda to: to.feeds.CreateFeed, request)
    return RemoteFeed(session.settings, response.feed)


def find_remote(session: Session, name_or_uri: str, timeout: float | None) -> RemoteFeed:
    """The feed of an id, an address or a name. Raises ``feed-not-found``."""
    if is_feed_uri(name_or_uri):
        uri = parse_feed_uri(name_or_uri)
        if uri.subfeed_name is not None:
            message = f"{name_or_uri} is the address of a subfeed. Use load_subfeed."
            raise failure("invalid-uri", message, {"uri": name_or_uri})
        request = v1.GetFeedRequest(feed_id=uri.feed_id)
    elif is_feed_id(name_or_uri):
        request = v1.GetFeedRequest(feed_id=name_or_uri)
    else:
        utf_8(name_or_uri, "feed name")
        request = v1.GetFeedRequest(name=name_or_uri)
    seconds = UNARY_TIMEOUT_SECONDS if timeout is None else timeout
    response = call_unary(session, lambda to: to.feeds.GetFeed, request, seconds)
    return RemoteFeed(session.settings, response.feed)


def _subfeed_info(subfeed: v1.Subfeed) -> SubfeedInfo:
    name = f"~{subfeed.hash}"
    if subfeed.HasField("name_json"):
        subject = f"The name of the subfeed {name}"
        name = load_strictly(subfeed.name_json, subject, _whole_double)
    return SubfeedInfo(name, subfeed.hash, subfeed.length, subfeed.appended_at.ToMilliseconds())


def _whole_double(digits: str) -> int:
    """A whole number of a name: of a double, told with as few digits as tell it from others."""
    return int(float(digits))
