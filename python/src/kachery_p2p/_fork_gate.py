"""Keeps this process from forking while a thread is inside of gRPC's core.

Only if none was, gRPC goes on in the forked process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

_PATIENCE_SECONDS = 5.0
"""How long a fork waits for a daemon that does not answer. Longer would be worse."""


class ForkGate:
    """Threads pass it on their way into the core and out; a fork waits until none is inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_forking = False

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

    def close(self) -> None:
        """Before a fork: keeps others out, and waits until none is inside."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._changed:
            self._is_forking = True
            while self._inside > 0 and self._changed.wait(max(0, deadline - time.monotonic())):
                pass

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
