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
    GetSubfeedRequest,
    ReadMessagesRequest,
    SetAccessRulesRequest,
    SubfeedKey,
    SubmitMessagesRequest,
    WatchedSubfeed,
)

from ._calls import call_unary, open_call, stream
from ._errors import KacheryError
from ._feed_names import SubfeedName
from ._message_batches import Decode, signed_messages, values_of
from ._message_log import Values
from ._messages_to_append import messages_to_append
from ._remote_follow import RemoteFollow, wait_for_any
from ._resuming import resuming
from ._session import Session, session_for
from ._settings import Settings


class RemoteLog:
    """The messages of a subfeed of the daemon."""

    is_snapshot = False

    def __init__(
        self, settings: Settings, feed_id: str, name: SubfeedName, is_writeable: bool
    ) -> None:
        self.uri = f"feed://{feed_id}/{name.path}"
        self.is_writeable = is_writeable
        self._settings = settings
        self._feed_id = feed_id
        self._name = name

    @property
    def _session(self) -> Session:
        return session_for(self._settings)

    @property
    def _key(self) -> SubfeedKey:
        if self._name.json is None:
            return SubfeedKey(feed_id=self._feed_id, hash=self._name.hash)
        return SubfeedKey(feed_id=self._feed_id, name_json=self._name.json)

    def length(self) -> int:
        """How many messages there are."""
        request = GetSubfeedRequest(subfeed=self._key)
        return call_unary(self._session, lambda to: to.feeds.GetSubfeed, request).subfeed.length

    def read(self, position: int, limit: int, *, signed: bool) -> Iterator[Values]:
        """What is there from a position on; nothing behind the end."""
        try:
            yield from self._batches(position, limit, signed=signed)
        except KacheryError as error:
            if error.reason != "position-beyond-end":
                raise

    def wait(self, position: int, seconds: float) -> bool:
        """Waits for a message at a position."""
        return wait_for_any(self._settings, [self.watched(position)], seconds)

    def follow(self, position: int, *, signed: bool) -> RemoteFollow:
        """What is there from a position on, and what comes."""
        watched, decode = self.watched(position), self._decoder(signed)
        return RemoteFollow(self._settings, watched, decode, signed=signed)

    def watched(self, position: int) -> WatchedSubfeed:
        """What WatchMessages is asked for."""
        return WatchedSubfeed(subfeed=self._key, position=position)

    def append(self, messages: Sequence[Any], expected_length: int | None) -> int:
        """Appends all or none, once, though the connection may break."""
        request = AppendMessagesRequest(
            subfeed=self._key,
            messages=messages_to_append(messages),
            expected_length=expected_length,
            request_id=secrets.token_hex(16),
        )
        return call_unary(self._session, lambda to: to.feeds.AppendMessages, request).position

    def submit(self, messages: Sequence[Any]) -> int:
        """Appends in the name of the daemon's node."""
        request = SubmitMessagesRequest(
            subfeed=self._key,
            messages=messages_to_append(messages),
            request_id=secrets.token_hex(16),
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

    def _batches(self, position: int, limit: int, *, signed: bool) -> Iterator[Values]:
        end = position + limit if limit else None
        decode = self._decoder(signed)

        def go_on(session: Session) -> Generator[Values, None, None]:
            nonlocal position
            if end is not None and position >= end:
                return
            request = ReadMessagesRequest(
                subfeed=self._key,
                position=position,
                max_messages=0 if end is None else end - position,
                with_proofs=signed,
            )
            with open_call(session) as (to, metadata):
                call = stream(lambda: to.feeds.ReadMessages(request, metadata=metadata))
                with closing(call) as responses:
                    for response in responses:
                        for batch in response.batches:
                            # What was taken is taken: messages never change.
                            position += len(batch.messages)
                            yield decode(batch)

        return resuming(self._session, go_on)

    def _decoder(self, signed: bool) -> Decode:
        return signed_messages(self._feed_id, self._name.hash) if signed else values_of
