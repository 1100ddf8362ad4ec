"""Waiting for the result of a call."""

from __future__ import annotations

from typing import Any, Callable, Protocol, TypeVar

import grpc

from ._cancellation import cancellable, current_cancellation
from ._fork_gate import fork_gate

Response = TypeVar("Response")
ResultT_co = TypeVar("ResultT_co", covariant=True)
Metadata = tuple[tuple[str, str], ...]


class Future(Protocol[ResultT_co]):
    """A call of gRPC that is under way."""

    def result(self) -> ResultT_co:
        """Waits for the result."""
        ...

    def cancel(self) -> bool | None:
        """Cancels the call, if it is not over."""
        ...


def call_briefly(
    method: grpc.UnaryUnaryMultiCallable[Any, Response],
    request: Any,
    timeout: float,
    metadata: Metadata = (),
) -> Response:
    """The result of a call that takes a moment."""
    if current_cancellation.get() is not None:
        return await_result(lambda: method.future(request, timeout=timeout, metadata=metadata))
    # As a future it would take longer.
    with fork_gate.passed():
        return method(request, timeout=timeout, metadata=metadata)


def await_result(start: Callable[[], Future[Response]]) -> Response:
    """The result of a call, which is cancelled when this thread is interrupted."""
    with fork_gate.passed():
        future = start()
    try:
        with cancellable(future):
            return future.result()
    finally:
        with fork_gate.passed():
            future.cancel()
            del future
