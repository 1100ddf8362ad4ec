"""Sends content to the daemon, going on where it was when the connection broke."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import suppress

from kachery_p2p.v1 import (
    AbortUploadRequest,
    FileInfo,
    GetUploadRequest,
    StoreFileHeader,
    StoreFileRequest,
)

from ._calls import call_unary, open_call
from ._cancellation import pause
from ._data_messages import store_request_of_data
from ._errors import KacheryError
from ._fork_gate import fork_gate
from ._progress import Progress
from ._resuming import INTERRUPTIONS, PAUSES_SECONDS
from ._session import Session, renewed
from ._source import Source
from ._unary import await_result

_ABORT_TIMEOUT_SECONDS = 2


def upload(session: Session, source: Source, sha1: str, label: str) -> FileInfo:
    """Sends content whose hash is known; returns when it is durable at the daemon.

    Raises the last failure after several tries that got no further, and ``file-changed``. What
    the daemon kept of an upload that failed is removed, if it can be reached.
    """
    header = StoreFileHeader(
        label=label, size_bytes=source.size, sha1=sha1, upload_id=secrets.token_urlsafe(24)
    )
    try:
        return _send_until_stored(session, header, source, label)
    except BaseException:
        _abort(session, header.upload_id)
        raise


def _send_until_stored(
    session: Session, header: StoreFileHeader, source: Source, label: str
) -> FileInfo:
    tries = 0
    with Progress(f"Storing {label}", source.size) as progress:
        while True:
            try:
                if tries > 0:
                    committed = _committed_size(session, header.upload_id)
                    tries = 1 if committed > header.offset else tries
                    header.offset = committed
                return _send(session, header, source, progress)
            except KacheryError as error:
                if error.reason == "hash-mismatch":
                    source.check_unchanged()
                if error.reason not in INTERRUPTIONS or tries == len(PAUSES_SECONDS):
                    raise
            pause(PAUSES_SECONDS[tries])
            tries += 1
            session = renewed(session)


def _send(
    session: Session, header: StoreFileHeader, source: Source, progress: Progress
) -> FileInfo:
    messages = _Messages(header, source, progress)
    with open_call(session) as (connection, metadata):
        try:
            return await_result(
                lambda: connection.send_file.future(messages, metadata=metadata)
            ).file
        finally:
            messages.close()


class _Messages(Iterator[bytes]):
    """The messages of one call. gRPC takes them in a thread of its own, also while we leave."""

    def __init__(self, header: StoreFileHeader, source: Source, progress: Progress) -> None:
        self._header: StoreFileHeader | None = header
        self._pieces = source.pieces(header.offset)
        self._progress = progress
        self._failure: Exception | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        progress.set(header.offset)

    def __next__(self) -> bytes:
        with self._lock:
            if self._is_closed:
                raise StopIteration
            try:
                return self._next_message()
            except (KacheryError, OSError) as error:
                # gRPC would only log it. The call fails anyway, for want of the rest.
                self._failure = error
                raise StopIteration from None

    def close(self) -> None:
        """Ends the messages; then raises why the source could not be read, if so.

        The source may be closed when this returns.
        """
        with self._lock:
            self._is_closed = True
        if self._failure is not None:
            raise self._failure

    def _next_message(self) -> bytes:
        if self._header is not None:
            header, self._header = self._header, None
            return StoreFileRequest(header=header).SerializeToString()
        piece = next(self._pieces)
        self._progress.add(len(piece))
        return store_request_of_data(piece)


def _abort(session: Session, upload_id: str) -> None:
    request = AbortUploadRequest(upload_id=upload_id)
    with suppress(KacheryError), open_call(session) as (connection, metadata), fork_gate.passed():
        connection.files.AbortUpload(request, timeout=_ABORT_TIMEOUT_SECONDS, metadata=metadata)


def _committed_size(session: Session, upload_id: str) -> int:
    try:
        request = GetUploadRequest(upload_id=upload_id)
        return call_unary(session, lambda to: to.files.GetUpload, request).committed_size_bytes
    except KacheryError as error:
        if error.reason == "upload-not-found":
            return 0
        raise
