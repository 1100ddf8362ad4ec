"""Waiting for messages of the daemon's subfeeds."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from threading import Event
from typing import Callable, cast

import grpc

from kachery_p2p.v1 import WatchedSubfeed, WatchMessagesRequest, WatchMessagesResponse

from ._calls import open_call
from ._cancellation import cancellable, pause
from ._errors import KacheryError
from ._follow_place import FollowPlace
from ._fork_gate import fork_gate
from ._message_batches import Decode
from ._message_log import Values
from ._resuming import INTERRUPTIONS, PAUSES_SECONDS
from ._session import session_for
from ._settings import Settings

_MAX_WAIT_SECONDS = 86_400.0
_PATIENCE_SECONDS = 60.0
"""How long a daemon may be away before those who follow are told."""


def wait_for_any(settings: Settings, watched: Sequence[WatchedSubfeed], seconds: float) -> bool:
    """Waits until one of the subfeeds has a message; tells whether one came in time.

    A daemon that is back in time is as if it had not been away. Raises ``too-busy`` if this
    process waits in too many calls already.
    """
    with closing(FollowPlace()):
        return _wait_for_any(settings, watched, seconds)


def _wait_for_any(settings: Settings, watched: Sequence[WatchedSubfeed], seconds: float) -> bool:
    deadline = time.monotonic() + min(seconds, _MAX_WAIT_SECONDS)
    tries, problem = 0, None
    request = WatchMessagesRequest(subfeeds=watched)
    while (rest := deadline - time.monotonic()) > 0:
        try:
            with closing(_responses(settings, request, rest)) as responses:
                if any(response is not None for response in responses):
                    return True
            problem = None
        except KacheryError as error:
            if error.reason == "deadline-exceeded":
                return False
            if error.reason not in INTERRUPTIONS:
                raise
            problem = error
        pause(max(0, min(deadline - time.monotonic(), _pause_seconds(tries))))
        tries += 1
    if problem is not None:
        raise problem
    return False


class RemoteFollow:
    """The messages of a subfeed, without a gap or a double, also when the daemon restarts.

    Raises ``too-busy`` if this process waits in too many calls already.
    """

    def __init__(
        self, settings: Settings, watched: WatchedSubfeed, decode: Decode, *, signed: bool
    ) -> None:
        self._settings = settings
        self._request = WatchMessagesRequest(subfeeds=[watched], with_proofs=signed)
        self._watched = self._request.subfeeds[0]
        self._decode = decode
        self._place = FollowPlace()
        self._closed = Event()
        self._call: grpc.Call | None = None
        self._batches = self._follow()

    def next_values(self) -> Values | None:
        """Waits for the next messages; None when it was closed."""
        try:
            values = next(self._batches, None)
        except KacheryError:
            if not self._closed.is_set():
                raise
            return None
        return None if self._closed.is_set() else values

    def close(self) -> None:
        """Ends it, from any thread."""
        self._closed.set()
        call = self._call
        if call is not None:
            with fork_gate.passed():
                call.cancel()
        self._place.close()

    def _follow(self) -> Generator[Values, None, None]:
        tries, deadline = 0, time.monotonic() + _PATIENCE_SECONDS
        while not self._closed.is_set():
            try:
                call = _responses(self._settings, self._request, None, self._began)
                with closing(call) as responses:
                    for response in responses:
                        tries = 0
                        for batch in response.batches if response else ():
                            self._watched.position += len(batch.messages)
                            yield self._decode(batch)
            except KacheryError as error:
                if tries == 0:
                    deadline = time.monotonic() + _PATIENCE_SECONDS
                if error.reason not in INTERRUPTIONS or time.monotonic() > deadline:
                    raise
            self._closed.wait(_pause_seconds(tries))
            tries += 1

    def _began(self, call: grpc.Call) -> None:
        self._call = call
        if self._closed.is_set():
            call.cancel()


def _responses(
    settings: Settings,
    request: WatchMessagesRequest,
    timeout: float | None,
    on_begin: Callable[[grpc.Call], None] = lambda _: None,
) -> Generator[WatchMessagesResponse | None, None, None]:
    """What the daemon sends in one call; None first, when it has begun to watch.

    Ends when this process forks: then it is time for the next call. Ends with
    ``deadline-exceeded`` after so many seconds.
    """
    with open_call(session_for(settings)) as (to, metadata):
        with fork_gate.passed():
            stream = to.feeds.WatchMessages(request, metadata=metadata, timeout=timeout)
            call = cast(grpc.Call, stream)
            fork_gate.leave_open(call)
        try:
            on_begin(call)
            with cancellable(call):
                try:
                    call.initial_metadata()
                    if call.is_active():
                        yield None
                    yield from stream
                except grpc.RpcError:
                    if not fork_gate.interrupted(call):
                        raise
        finally:
            fork_gate.forget(call)
            with fork_gate.passed():
                call.cancel()


def _pause_seconds(tries: int) -> float:
    return PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS) - 1)]
