"""The two messages that carry content, coded by hand: protobuf would copy the content twice.

Their definitions are StoreFileRequest and ReadFileResponse of kachery_p2p.v1.
"""

from __future__ import annotations

from kachery_p2p.v1 import ReadFileResponse

from ._source import Piece
from ._status import read_varint

_STORE_FILE_REQUEST_DATA = b"\x12"
_READ_FILE_RESPONSE_DATA = 0x0A


def store_request_of_data(data: Piece) -> bytes:
    """A StoreFileRequest with this data, encoded."""
    return b"".join((_STORE_FILE_REQUEST_DATA, _varint(len(data)), data))


def data_of_read_response(message: bytes) -> bytes | memoryview:
    """The data of an encoded ReadFileResponse; not copied."""
    if message[:1] and message[0] == _READ_FILE_RESPONSE_DATA:
        length, start = read_varint(message, 1)
        if start + length == len(message):
            return memoryview(message)[start:]
    return ReadFileResponse.FromString(message).data


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
