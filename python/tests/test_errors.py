"""Failures keep their names from the daemon to the user."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kachery_p2p as kp
from kachery_p2p import v1
from kachery_p2p._errors import ERROR_CLASSES, failure, quoted
from kachery_p2p._status import parse_status, reason_of_name


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protobuf message."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(value: int) -> bytes:
    return varint_more(value) if value >= 0x80 else bytes([value])


def varint_more(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def status(message: str, reason: str, metadata: dict[str, str], domain: str) -> bytes:
    """An encoded google.rpc.Status with an ErrorInfo."""
    entries = [field(1, k.encode()) + field(2, v.encode()) for k, v in metadata.items()]
    info = field(1, reason.encode()) + field(2, domain.encode())
    info += b"".join(field(3, entry) for entry in entries)
    info_type = b"type.googleapis.com/google.rpc.ErrorInfo"
    other = field(1, b"type.googleapis.com/google.rpc.RetryInfo") + field(2, b"\x0a\x02\x08\x01")
    error_info = field(1, info_type) + field(2, info)
    return b"\x08\x05" + field(2, message.encode()) + field(3, other) + field(3, error_info)


def test_every_reason_of_the_protocol_has_an_exception() -> None:
    names = [name.replace("ERROR_REASON_", "") for name in v1.ErrorReason.keys()]  # noqa: SIM118
    reasons = {reason_of_name(name) for name in names} - {"unspecified"}
    assert reasons == set(ERROR_CLASSES)


@pytest.mark.parametrize("reason", ERROR_CLASSES)
def test_exceptions_tell_why_and_travel_between_processes(reason: str) -> None:
    error = failure(reason, "what and why", {"path": "/x"})
    assert isinstance(error, kp.KacheryError)
    assert isinstance(error, kp.LoadFileError)
    assert getattr(kp, type(error).__name__) is type(error)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert (twin.reason, twin.message, twin.details) == (reason, "what and why", {"path": "/x"})
        assert str(twin) == "what and why"


def test_a_reason_of_a_newer_daemon_is_passed_on() -> None:
    error = failure("something-new", "message")
    assert type(error) is kp.KacheryError
    assert error.reason == "something-new"


@given(st.text(), st.dictionaries(st.text(max_size=10), st.text(), max_size=5))
def test_the_status_of_a_call_is_read(message: str, metadata: dict[str, str]) -> None:
    info = parse_status(status(message, "DISK_FULL", metadata, "kachery-p2p"))
    assert info == ("disk-full", message, metadata)


def test_a_status_of_others_is_not_ours() -> None:
    assert parse_status(status("m", "DISK_FULL", {}, "example.org")) is None
    assert parse_status(b"") is None


@given(st.binary(max_size=200))
def test_a_broken_status_is_none(data: bytes) -> None:
    assert parse_status(data) is None


def test_quoted_text_is_short_and_has_no_control_characters() -> None:
    assert quoted("a\nb") == '"a\\nb"'
    assert len(quoted("x" * 10_000)) < 120
