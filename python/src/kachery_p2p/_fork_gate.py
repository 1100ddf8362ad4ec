"""Keeps this process from forking while a thread is inside of gRPC's core.

Only if none was, gRPC goes on in the forked process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

_PATIENCE_SECONDS = 5.0
"""How long a fork waits for a daemon that does not answer. Longer would be worse."""


class Interruptible(Protocol):
    """A call that is under way."""

    def cancel(self) -> object:
        """Cancels it, if it is not over."""
        ...


class ForkGate:
    """Threads pass it on their way into the core and out; a fork waits until none is inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_forking = False
        self._open: set[Interruptible] = set()

    @contextmanager
    def passed(self) -> Generator[None, None, None]:
        """Inside of the core, for a call or for the next message of one."""
        with self._changed:
            while self._is_forking:
                self._changed.wait()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def leave_open(self, call: Interruptible) -> None:
        """Says, inside, that a call stays open for so long that no fork should wait for it.

        A fork cancels it, and ``interrupted`` then tells that it should be made again. Otherwise
        each fork would take gRPC a second. The caller must ``forget`` the call in the end.
        """
        with self._changed:
            self._open.add(call)

    def interrupted(self, call: Interruptible) -> bool:
        """Whether a call that was left open was cancelled by a fork."""
        with self._changed:
            return call not in self._open

    def forget(self, call: Interruptible) -> None:
        """Says that a call is over."""
        with self._changed:
            self._open.discard(call)

    def close(self) -> None:
        """Before a fork: keeps others out, and waits until none is inside."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._changed:
            self._is_forking = True
            while self._inside > 0 and self._changed.wait(max(0, deadline - time.monotonic())):
                pass
            interrupted, self._open = self._open, set()
        for call in interrupted:
            call.cancel()

    def open(self) -> None:
        """After a fork, in the parent: lets the others in again."""
        with self._changed:
            self._is_forking = False
            self._changed.notify_all()

    def renew(self) -> None:
        """After a fork, in the child: the threads that were there are not here."""
        self.__init__()


fork_gate = ForkGate()

os.register_at_fork(
    before=fork_gate.close, after_in_parent=fork_gate.open, after_in_child=fork_gate.renew
)
