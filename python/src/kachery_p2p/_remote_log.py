"""A subfeed that the daemon has."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from kachery_p2p.v1 import (
    AccessRule,
    AppendMessagesRequest,
    GetAccessRulesRequest,
    MessageBatch,
    ReadMessagesRequest,
    SetAccessRulesRequest,
    SubfeedKey,
    SubmitMessagesRequest,
    WatchedSubfeed,
)

from ._calls import call_unary, open_call, stream
from ._errors import KacheryError, failure
from ._limits import MAX_APPEND_BYTES, MAX_APPEND_MESSAGES, MAX_FEED_MESSAGE_BYTES
from ._message_log import FeedMessage
from ._remote_follow import RemoteFollow, wait_for_any
from ._resuming import resuming
from ._session import Session, session_for
from ._strict_json import dump_strictly, load_strictly


class RemoteLog:
    """The messages of a subfeed of the daemon."""

    def __init__(self, session: Session, key: SubfeedKey) -> None:
        self._settings = session.settings
        self._key = key

    @property
    def _session(self) -> Session:
        return session_for(self._settings)

    def length(self) -> int:
        """How many there are, found by asking for what cannot be there."""
        try:
            for _ in self.read(2**53 - 1, 1):
                pass
        except KacheryError as error:
            if error.reason == "position-beyond-end" and "length" in error.details:
                return int(error.details["length"])
            raise
        return 0

    def read(self, position: int, limit: int) -> Iterator[FeedMessage]:
        """What is there from a position on; nothing behind the end."""
        start, end = position, position + limit if limit else None

        def go_on(session: Session) -> Generator[FeedMessage, None, None]:
            nonlocal position
            if position == end:
                return
            count = 0 if end is None else end - position
            request = ReadMessagesRequest(subfeed=self._key, position=position, max_messages=count)
            with open_call(session) as (to, metadata):
                call = stream(lambda: to.feeds.ReadMessages(request, metadata=metadata))
                with closing(call) as responses:
                    for response in responses:
                        for batch in response.batches:
                            for message in decoded(batch):
                                position += 1
                                yield message

        try:
            yield from resuming(self._session, go_on)
        except KacheryError as error:
            if error.reason != "position-beyond-end" or start >= 2**53 - 1:
                raise

    def wait(self, position: int, seconds: float) -> bool:
        """Waits for a message at a position."""
        watched = WatchedSubfeed(subfeed=self._key, position=position)
        return wait_for_any(self._session, [watched], seconds)

    def follow(self, position: int) -> RemoteFollow:
        """What is there from a position on, and what comes."""
        return RemoteFollow(self._settings, self._key, position, decoded)

    def append(self, messages: Sequence[Any], expected_length: int | None) -> int:
        """Appends all or none, once, though the connection may break."""
        request = AppendMessagesRequest(
            subfeed=self._key,
            messages=encoded(messages),
            expected_length=expected_length,
            request_id=secrets.token_hex(16),
        )
        return call_unary(self._session, lambda to: to.feeds.AppendMessages, request).position

    def submit(self, messages: Sequence[Any]) -> int:
        """Appends in the name of the daemon's node."""
        request = SubmitMessagesRequest(
            subfeed=self._key, messages=encoded(messages), request_id=secrets.token_hex(16)
        )
        return call_unary(self._session, lambda to: to.feeds.SubmitMessages, request).position

    def get_rules(self) -> dict[str, bool]:
        """Which nodes may submit; none if nothing was said."""
        request = GetAccessRulesRequest(subfeed=self._key)
        response = call_unary(self._session, lambda to: to.feeds.GetAccessRules, request)
        return {rule.node_id: rule.may_write for rule in response.rules}

    def set_rules(self, rules: dict[str, bool]) -> None:
        """Says which nodes may submit."""
        given = [AccessRule(node_id=node, may_write=may) for node, may in rules.items()]
        request = SetAccessRulesRequest(subfeed=self._key, rules=given)
        call_unary(self._session, lambda to: to.feeds.SetAccessRules, request)


def encoded(messages: Sequence[Any]) -> list[bytes]:
    """The messages as JSON. Raises ``too-large`` for what one append cannot hold."""
    contents = [dump_strictly(message, "message").encode("ascii") for message in messages]
    largest = max(map(len, contents), default=0)
    if largest > MAX_FEED_MESSAGE_BYTES:
        problem = f"A message of {largest} bytes of JSON is over {MAX_FEED_MESSAGE_BYTES} bytes"
        raise failure("too-large", f"{problem}. Store it with store_json and send its URI.")
    if len(contents) > MAX_APPEND_MESSAGES or sum(map(len, contents)) > MAX_APPEND_BYTES:
        problem = f"{len(contents)} messages of {sum(map(len, contents))} bytes are too many for "
        limit = f"one append: {MAX_APPEND_MESSAGES} messages and {MAX_APPEND_BYTES} bytes"
        raise failure("too-large", f"{problem}{limit}. Append them in several.")
    return contents


def decoded(batch: MessageBatch) -> Iterator[FeedMessage]:
    """The messages of a batch."""
    timestamp = batch.appended_at.ToMilliseconds()
    submitter = batch.submitter_node_id or None
    for position, content in enumerate(batch.messages, batch.position):
        value = load_strictly(content, "a message")
        yield FeedMessage(value, position, timestamp, submitter)
