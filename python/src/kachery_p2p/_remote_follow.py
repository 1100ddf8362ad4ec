"""Waiting for messages of the daemon's subfeeds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Callable, cast

import grpc

from kachery_p2p.v1 import MessageBatch, SubfeedKey, WatchedSubfeed, WatchMessagesRequest

from ._calls import open_call
from ._errors import KacheryError
from ._fork_gate import fork_gate
from ._message_log import FeedMessage
from ._resuming import INTERRUPTIONS, PAUSES_SECONDS
from ._session import Session, session_for
from ._settings import Settings

_MAX_WAIT_SECONDS = 86_400.0
_STEADY_SECONDS = 5.0
"""A call that lasted so long has reached the daemon: the pauses start anew behind it."""


def wait_for_any(session: Session, watched: Sequence[WatchedSubfeed], seconds: float) -> bool:
    """Waits until one of the subfeeds has a message; tells whether one came in time."""
    request = WatchMessagesRequest(subfeeds=watched)
    timeout = min(seconds, _MAX_WAIT_SECONDS)
    try:
        with open_call(session) as (to, metadata):
            with fork_gate.passed():
                call = to.feeds.WatchMessages(request, metadata=metadata, timeout=timeout)
            try:
                next(call)
            finally:
                with fork_gate.passed():
                    cast(grpc.Call, call).cancel()
    except KacheryError as error:
        if error.reason == "deadline-exceeded":
            return False
        raise
    return True


class RemoteFollow:
    """The messages of a subfeed, without a gap or a double, also when the daemon restarts."""

    def __init__(
        self,
        settings: Settings,
        key: SubfeedKey,
        position: int,
        decode: Callable[[MessageBatch], Iterator[FeedMessage]],
    ) -> None:
        self._settings = settings
        self._key = key
        self._position = position
        self._decode = decode
        self._is_closed = False
        self._call: Any = None
        self._messages = self._follow()

    def __iter__(self) -> Iterator[FeedMessage]:
        return self

    def __next__(self) -> FeedMessage:
        try:
            message = next(self._messages)
        except KacheryError:
            if self._is_closed:
                raise StopIteration from None
            raise
        if self._is_closed:
            raise StopIteration
        return message

    def close(self) -> None:
        """Ends it, from any thread."""
        self._is_closed = True
        if self._call is not None:
            self._call.cancel()

    def _follow(self) -> Iterator[FeedMessage]:
        tries = 0
        while not self._is_closed:
            began, first = time.monotonic(), self._position
            try:
                yield from self._watch()
            except KacheryError as error:
                if self._position > first or time.monotonic() - began > _STEADY_SECONDS:
                    tries = 0
                if error.reason not in INTERRUPTIONS or tries == len(PAUSES_SECONDS):
                    raise
            if not self._is_closed:
                time.sleep(PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS) - 1)])
                tries += 1

    def _watch(self) -> Iterator[FeedMessage]:
        watched = WatchedSubfeed(subfeed=self._key, position=self._position)
        request = WatchMessagesRequest(subfeeds=[watched])
        with open_call(session_for(self._settings)) as (to, metadata):
            with fork_gate.passed():
                self._call = to.feeds.WatchMessages(request, metadata=metadata)
            try:
                if self._is_closed:
                    return
                for response in self._call:
                    for batch in response.batches:
                        for message in self._decode(batch):
                            self._position += 1
                            yield message
            finally:
                self._call.cancel()
