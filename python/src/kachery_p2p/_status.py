"""What the status of a failed call says: google.rpc.Status with an ErrorInfo, read by hand.

Generating google.rpc would put its descriptors into the pool a second time wherever
googleapis-common-protos is installed too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

import grpc

from ._errors import KacheryError, failure

_DETAILS_KEY = "grpc-status-details-bin"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_DOMAIN = "kachery-p2p"


class ErrorInfo(NamedTuple):
    """Why a call failed, as the daemon says it."""

    reason: str
    message: str
    metadata: dict[str, str]


def failure_of(error: grpc.RpcError, address: str) -> KacheryError:
    """The exception for a failed call to the daemon at an address."""
    call = cast(grpc.Call, error)
    details = dict(call.trailing_metadata() or ()).get(_DETAILS_KEY)
    info = parse_status(details) if isinstance(details, bytes) else None
    if info is None:
        return _connection_failure(call.code(), call.details() or "no reason given", address)
    return failure(info.reason, info.message, info.metadata)


def parse_status(status: bytes) -> ErrorInfo | None:
    """The ErrorInfo of our domain in a google.rpc.Status; None if there is none."""
    try:
        message = ""
        for number, value in _fields(status):
            if number == 2:
                message = _text(value)
            if number == 3 and isinstance(value, bytes):
                info = _parse_any(value, message)
                if info is not None:
                    return info
    except (IndexError, ValueError):
        pass
    return None


def reason_of_name(name: str) -> str:
    """The reason that a name of the protocol's ErrorReason, without its prefix, stands for."""
    return name.lower().replace("_", "-")


def daemon_not_running(address: str, problem: str) -> KacheryError:
    """The failure of a call to a daemon that does not answer."""
    return failure(
        "daemon-not-running",
        f"No kachery-p2p daemon answers at {address} ({problem}). Start one with "
        '"kachery-p2p start-daemon" or kp.start_daemon(), set KACHERY_P2P_API_HOST and '
        "KACHERY_P2P_API_PORT to where one runs, or set KACHERY_P2P_OFFLINE_STORAGE_DIR to work "
        "without one.",
        {"address": address},
    )


def _connection_failure(code: grpc.StatusCode, problem: str, address: str) -> KacheryError:
    """A status that no daemon made, but the connection or a program that is not our daemon."""
    problem = problem.rstrip(".")
    details = {"address": address}
    if code is grpc.StatusCode.UNAVAILABLE:
        return daemon_not_running(address, problem)
    if code is grpc.StatusCode.CANCELLED:
        message = f"The daemon at {address} ended the call. Try again when it runs."
        return failure("daemon-stopping", message, details)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = f"The daemon at {address} did not answer in time ({problem})."
        return failure("deadline-exceeded", message, details)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        message = f"What answers at {address} cannot do this ({problem}). Is it a kachery-p2p "
        return failure("not-supported", f"{message}daemon, and new enough?", details)
    message = f"The call to the daemon at {address} failed with {code.name}: {problem}."
    return failure("internal", message, details)


def _parse_any(value: bytes, message: str) -> ErrorInfo | None:
    fields = dict(_fields(value))
    content = fields.get(2)
    if _text(fields.get(1, b"")) != _ERROR_INFO or not isinstance(content, bytes):
        return None
    reason = domain = ""
    metadata: dict[str, str] = {}
    for number, field in _fields(content):
        if number == 1:
            reason = _text(field)
        elif number == 2:
            domain = _text(field)
        elif number == 3 and isinstance(field, bytes):
            entry = dict(_fields(field))
            metadata[_text(entry.get(1, b""))] = _text(entry.get(2, b""))
    return ErrorInfo(reason_of_name(reason), message, metadata) if domain == _DOMAIN else None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protobuf message."""
    position = 0
    while position < len(message):
        tag, position = read_varint(message, position)
        wire_type = tag & 7
        if wire_type == 0:
            value, position = read_varint(message, position)
            yield tag >> 3, value
            continue
        if wire_type == 2:
            length, position = read_varint(message, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        yield tag >> 3, message[position : position + length]
        position += length


def read_varint(message: bytes, position: int) -> tuple[int, int]:
    """A protobuf varint at a position, and the position behind it."""
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        shift += 7
        position += 1
        if byte < 0x80:
            return value, position


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
