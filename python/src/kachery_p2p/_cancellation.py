"""Cancelling what another thread does; the asyncio variant cancels its threads so."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Callable, Protocol, TypeVar

from ._errors import KacheryError, failure

Result = TypeVar("Result")


class Cancellable(Protocol):
    """A call that is under way."""

    def cancel(self) -> object:
        """Cancels it, if it is not over."""
        ...


class Cancellation:
    """Ends some work, soon, with ``cancelled``."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._call: Cancellable | None = None

    def run(self, work: Callable[[], Result]) -> Result:
        """Does the work; what it looks at and waits for then can be cancelled."""
        token = current_cancellation.set(self)
        try:
            return work()
        finally:
            current_cancellation.reset(token)

    def cancel(self) -> None:
        """Cancels the work, from any thread."""
        self._cancelled.set()
        with self._lock:
            call = self._call
        if call is not None:
            call.cancel()

    def check(self) -> None:
        """Raises ``cancelled`` if the work was cancelled."""
        if self._cancelled.is_set():
            raise _cancelled()

    def pause(self, seconds: float) -> None:
        """Waits. Raises ``cancelled`` if the work is cancelled meanwhile."""
        if self._cancelled.wait(seconds):
            raise _cancelled()

    @contextmanager
    def over(self, call: Cancellable) -> Generator[None, None, None]:
        """While the thread waits for a call, which is cancelled with the work."""
        with self._lock:
            self._call = call
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._call = None
            self.check()


current_cancellation: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)
"""What may cancel the work of this thread; None for nothing."""


def check_cancelled() -> None:
    """Raises ``cancelled`` if the current work was cancelled."""
    cancellation = current_cancellation.get()
    if cancellation is not None:
        cancellation.check()


def pause(seconds: float) -> None:
    """Waits. Raises ``cancelled`` if the current work is cancelled meanwhile."""
    cancellation = current_cancellation.get()
    if cancellation is None:
        time.sleep(seconds)
    else:
        cancellation.pause(seconds)


def cancellable(call: Cancellable) -> AbstractContextManager[None]:
    """While this thread waits for a call, which is cancelled with the current work."""
    cancellation = current_cancellation.get()
    return nullcontext() if cancellation is None else cancellation.over(call)


def _cancelled() -> KacheryError:
    return failure("cancelled", "The work was cancelled.")
