"""The published vectors of the feed format, checked by code that shares nothing with the daemon."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import pytest
from support.daemon import REPOSITORY

VECTORS: dict[str, Any] = json.loads((REPOSITORY / "test" / "vectors" / "feed.json").read_text())
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
Point = tuple[int, int]


def entry_hash(append: dict[str, Any], entry: dict[str, Any], previous: bytes) -> bytes:
    """The hash of an entry, as docs/formats/feed.md says."""
    message = bytes.fromhex(entry["messageHex"])
    layout = b"kachery-p2p/feed-entry/1"
    layout += bytes.fromhex(VECTORS["feedId"]) + bytes.fromhex(VECTORS["subfeedHash"])
    layout += struct.pack(">Qq", entry["position"], append["timestampMs"])
    layout += bytes.fromhex(append["submitterNodeId"] or "00" * 32) + previous
    layout += struct.pack(">I", len(message))
    assert layout == layout_bytes(entry["layout"])
    return hashlib.sha256(layout + message).digest()


def head_bytes(length: int, last_hash: bytes) -> bytes:
    """What the feed's key signs."""
    subfeed = bytes.fromhex(VECTORS["feedId"]) + bytes.fromhex(VECTORS["subfeedHash"])
    return b"kachery-p2p/feed-head/1\0" + subfeed + struct.pack(">Q", length) + last_hash


def layout_bytes(layout: list[dict[str, str]]) -> bytes:
    return bytes.fromhex("".join(part["hex"] for part in layout))


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tells whether an ed25519 signature is good (RFC 8032, section 5.1.7)."""
    s = int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    y = 4 * pow(5, PRIME - 2, PRIME) % PRIME
    base = (recover_x(y, 0), y)
    expected = add(decompress(signature[:32]), multiply(k, decompress(public_key)))
    return s < ORDER and multiply(s, base) == expected


def recover_x(y: int, sign: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME != 0:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert (x * x - square) % PRIME == 0, "not a point of the curve"
    return PRIME - x if x % 2 != sign else x


def decompress(encoded: bytes) -> Point:
    number = int.from_bytes(encoded, "little")
    y = number % 2**255
    return (recover_x(y, number >> 255), y)


def add(a: Point, b: Point) -> Point:
    product = D * a[0] * b[0] * a[1] * b[1] % PRIME
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, PRIME - 2, PRIME)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, PRIME - 2, PRIME)
    return (x % PRIME, y % PRIME)


def multiply(factor: int, point: Point) -> Point:
    result = (0, 1)
    while factor > 0:
        if factor % 2 == 1:
            result = add(result, point)
        point = add(point, point)
        factor //= 2
    return result


@pytest.mark.parametrize("name", VECTORS["names"], ids=lambda name: name["about"])
def test_names(name: dict[str, str]) -> None:
    value = json.loads(name["nameJson"])
    if name["about"] == "the hash itself":
        assert value == "~" + name["hash"]
        return
    hashed = value if isinstance(value, str) else name["nameJson"]
    assert hashlib.sha1(hashed.encode()).hexdigest() == name["hash"]


def test_entries_and_heads() -> None:
    feed_id = bytes.fromhex(VECTORS["feedId"])
    last_hash = bytes(32)
    for append in VECTORS["appends"]:
        assert append["previousHash"] == last_hash.hex()
        for entry in append["entries"]:
            last_hash = entry_hash(append, entry, last_hash)
            assert last_hash.hex() == entry["hash"]
        signed = head_bytes(append["head"]["length"], last_hash)
        signature = bytes.fromhex(append["head"]["signature"])
        assert signed == layout_bytes(append["head"]["layout"])
        assert is_signed(feed_id, signed, signature)
        assert not is_signed(feed_id, signed + b"\0", signature)
