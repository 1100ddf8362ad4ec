"""Calls to the daemon: token, deadline, cancellation, one new try, and failures by name."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Callable, TypeVar, cast

import grpc

from ._cancellation import cancellable
from ._connection import Connection, connection_to, forget_connection
from ._errors import KacheryError
from ._fork_gate import fork_gate
from ._limits import UNARY_TIMEOUT_SECONDS
from ._session import Session, forget_session, session_for
from ._status import failure_of
from ._unary import Metadata, await_result, call_briefly

Request = TypeVar("Request")
Response = TypeVar("Response")
Method = Callable[[Connection], "grpc.UnaryUnaryMultiCallable[Request, Response]"]

_OF_THE_MOMENT = ("daemon-not-running", "daemon-stopping", "token-missing", "token-invalid")


def call_unary(
    session: Session,
    method: Method[Any, Response],
    request: Any,
    timeout: float = UNARY_TIMEOUT_SECONDS,
) -> Response:
    """Calls a method that takes a moment, and may be called twice.

    It is called once more if the daemon was started anew since the session began.
    """

    def call(connection: Connection, metadata: Metadata) -> Response:
        return call_briefly(method(connection), request, timeout, metadata)

    return _call_twice(session, call)


def call_long(session: Session, method: Method[Any, Response], request: Any) -> Response:
    """Calls a method that may take its time, and may be called twice; as ``call_unary``.

    When this thread is interrupted, such as by Ctrl-C, the daemon's work is cancelled.
    """

    def call(connection: Connection, metadata: Metadata) -> Response:
        return await_result(lambda: method(connection).future(request, metadata=metadata))

    return _call_twice(session, call)


def stream(start: Callable[[], Iterator[Response]]) -> Generator[Response, None, None]:
    """The messages of a call that streams; close the generator to cancel the call."""
    with fork_gate.passed():
        call = start()
    try:
        while True:
            with fork_gate.passed(), cancellable(cast(grpc.Call, call)):
                try:
                    message = next(call)
                except StopIteration:
                    return
            yield message
    finally:
        with fork_gate.passed():
            cast(grpc.Call, call).cancel()
            del call


@contextmanager
def open_call(session: Session) -> Generator[tuple[Connection, Metadata], None, None]:
    """What a call is made with; the failures of gRPC inside become ours."""
    connection = connection_to(session.address)
    token = session.access.token
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    try:
        yield connection, metadata
    except grpc.RpcError as rpc_error:
        error = failure_of(rpc_error, session.address)
        if error.reason in _OF_THE_MOMENT:
            forget_connection(session.address, connection)
            forget_session(session)
        raise error from None


def _call_twice(session: Session, call: Callable[[Connection, Metadata], Response]) -> Response:
    try:
        with open_call(session) as opened:
            return call(*opened)
    except KacheryError as error:
        if error.reason not in _OF_THE_MOMENT:
            raise
    with open_call(session_for(session.settings)) as opened:
        return call(*opened)
