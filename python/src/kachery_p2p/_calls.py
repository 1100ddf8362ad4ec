"""Calls to the daemon: token, deadline, cancellation, one new try, and failures by name."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Callable, TypeVar

import grpc

from ._connection import Connection, connection_to, forget_connection
from ._errors import KacheryError
from ._limits import UNARY_TIMEOUT_SECONDS
from ._session import Session, forget_session, session_for
from ._status import failure_of

Response = TypeVar("Response")
Metadata = tuple[tuple[str, str], ...]

_OF_THE_MOMENT = ("daemon-not-running", "daemon-stopping", "token-missing", "token-invalid")


def call_unary(
    session: Session,
    method: Callable[[Connection], grpc.UnaryUnaryMultiCallable[Any, Response]],
    request: Any,
    timeout: float | None = UNARY_TIMEOUT_SECONDS,
) -> Response:
    """Calls a method that may be called twice: once more, if the daemon was started anew."""
    try:
        return _call_once(session, method, request, timeout)
    except KacheryError as error:
        if error.reason not in _OF_THE_MOMENT:
            raise
    return _call_once(session_for(session.settings), method, request, timeout)


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
        raise error from rpc_error


def _call_once(
    session: Session,
    method: Callable[[Connection], grpc.UnaryUnaryMultiCallable[Any, Response]],
    request: Any,
    timeout: float | None,
) -> Response:
    with open_call(session) as (connection, metadata):
        call = method(connection).future(request, timeout=timeout, metadata=metadata)
        try:
            return call.result()
        finally:
            call.cancel()
