"""Appends one after another over one open call: a call for each takes longer."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from time import monotonic
from typing import Any, Optional, cast

import grpc

from kachery_p2p.v1 import (
    AppendMessagesRequest,
    AppendMessagesResponse,
    StreamAppendsRequest,
    StreamAppendsResponse,
)

from ._calls import open_call
from ._cancellation import current_cancellation
from ._errors import KacheryError
from ._fork_gate import fork_gate
from ._session import Session
from ._settings import Settings
from ._unary import Metadata

_STEADY_SECONDS = 0.1
"""Appends that follow each other so soon are worth a call that stays open."""

_OF_THE_CALL = ("daemon-not-running", "daemon-stopping", "deadline-exceeded", "not-supported")
"""Failures of the call that is open, not of an append."""


Requests = SimpleQueue[Optional[StreamAppendsRequest]]
Answers = Iterator[StreamAppendsResponse]


class AppendLane:
    """A call that stays open from append to append. The daemon ends it after some idle minutes."""

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._last = -_STEADY_SECONDS
        self._call: Answers | None = None
        self._requests: Requests = SimpleQueue()

    def append(
        self, session: Session, request: AppendMessagesRequest
    ) -> AppendMessagesResponse | None:
        """The answer of the daemon; fails as AppendMessages.

        None if the request needs a call of its own: for others append at the same time, which
        are faster beside each other, or since it is not known what became of it here. It may be
        sent again if it has an id.
        """
        # What somebody may cancel must not take the open call along.
        if current_cancellation.get() is not None or not self._free.acquire(blocking=False):
            return None
        try:
            before, self._last = self._last, monotonic()
            if self._call is None and self._last - before > _STEADY_SECONDS:
                return None
            with open_call(session) as (to, metadata):
                call = self._call or self._open(to.feeds.StreamAppends, metadata)
                self._requests.put(StreamAppendsRequest(append=request))
                answer = next(call, None)
            if answer is not None:
                return answer.appended
            self._close()
            return None
        except KacheryError as error:
            self._close()
            if error.reason not in _OF_THE_CALL:
                raise
            return None
        except BaseException:
            # The next answer would be that of this append.
            self._close()
            raise
        finally:
            self._free.release()

    def _open(self, method: Any, metadata: Metadata) -> Answers:
        requests: Requests = SimpleQueue()
        with fork_gate.passed():
            call: Answers = method(iter(requests.get, None), metadata=metadata)
            fork_gate.leave_open(cast(grpc.Call, call))
        self._requests, self._call = requests, call
        return call

    def _close(self) -> None:
        call, self._call = self._call, None
        self._requests.put(None)
        if call is not None:
            fork_gate.forget(cast(grpc.Call, call))
            with fork_gate.passed():
                cast(grpc.Call, call).cancel()


_lanes: dict[Settings, AppendLane] = {}


def lane_of(settings: Settings) -> AppendLane:
    """The lane to the daemon of these settings."""
    return _lanes.get(settings) or _lanes.setdefault(settings, AppendLane())


# In a forked process the parent's calls are the parent's.
os.register_at_fork(after_in_child=_lanes.clear)
