"""The messages coded by hand are those that protobuf codes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kachery_p2p.v1 import ReadFileResponse, StoreFileRequest

from kachery_p2p._data_messages import data_of_read_response, store_request_of_data


@given(st.binary(max_size=500))
@example(b"x" * 127)
@example(b"x" * 128)
@example(b"x" * 16383)
@example(b"x" * 16384)
@example(b"x" * 2_097_152)
def test_both_codecs_agree(data: bytes) -> None:
    assert store_request_of_data(data) == StoreFileRequest(data=data).SerializeToString()
    assert store_request_of_data(memoryview(data)) == store_request_of_data(data)
    assert data_of_read_response(ReadFileResponse(data=data).SerializeToString()) == data


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x01a\x0a\x02bc",
        b"\x12\x01x\x0a\x02bc",
        b"\x0a\x02bc\x10\x01",
    ],
)
def test_messages_of_other_coders_are_read(message: bytes) -> None:
    """Fields may be unknown, or come twice: the last one counts."""
    assert data_of_read_response(message) == b"bc"
