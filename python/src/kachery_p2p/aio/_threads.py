"""Work of the package in threads, which ends when the task that waits for it is cancelled."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .._cancellation import Cancellation

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    Parameters = ParamSpec("Parameters")

Result = TypeVar("Result")

_MOST_THREADS = 32
_END: Any = object()
_pool: ThreadPoolExecutor | None = None


async def run_in_thread(work: Callable[[], Result]) -> Result:
    """The result of work that is done in one of a few threads.

    If the task is cancelled, so is the work; it has ended when the task has.
    """
    cancellation = Cancellation()
    future = _threads().submit(copy_context().run, cancellation.run, work)
    return await _result(future, cancellation.cancel)


async def wait_in_thread(wait: Callable[[], Result], cancel: Callable[[], None]) -> Result:
    """The result of something that may take for ever, in a thread of its own.

    ``cancel`` must end it, from another thread, and is called if the task is cancelled.
    """
    future: Future[Result] = Future()
    arguments = (future, partial(copy_context().run, wait))
    threading.Thread(target=_resolve, args=arguments, name="kachery-wait", daemon=True).start()
    return await _result(future, cancel)


def asynchronous(
    function: Callable[Parameters, Result],
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """The function for asyncio."""

    @wraps(function)
    async def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return await run_in_thread(lambda: function(*args, **kwargs))

    return call


def asynchronous_iterator(
    function: Callable[Parameters, Iterator[Result]],
) -> Callable[Parameters, AsyncIterator[Result]]:
    """The function, which returns an iterator, for ``async for``."""

    @wraps(function)
    async def iterate(*args: Parameters.args, **kwargs: Parameters.kwargs) -> AsyncIterator[Result]:
        items = await run_in_thread(lambda: function(*args, **kwargs))
        try:
            while True:
                item = await run_in_thread(lambda: next(items, _END))
                if item is _END:
                    return
                yield item
        finally:
            getattr(items, "close", lambda: None)()

    return iterate


async def _result(future: Future[Result], cancel: Callable[[], None]) -> Result:
    waiter = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(waiter)
    except asyncio.CancelledError:
        if not future.cancel():
            cancel()
            await asyncio.wait([waiter])
            # Taken, or asyncio would complain that nobody did.
            waiter.exception()
        raise


def _resolve(future: Future[Result], wait: Callable[[], Result]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(wait())
    except BaseException as error:
        future.set_exception(error)


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="kachery-aio")
    return _pool


def _forget_parent() -> None:
    """In a forked process: the parent's threads are not here."""
    global _pool
    _pool = None


os.register_at_fork(after_in_child=_forget_parent)
