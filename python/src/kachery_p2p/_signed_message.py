"""Messages with what proves them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ._strict_json import load_strictly


@dataclass(frozen=True)
class SignedMessage:
    """A message with all that a verifier needs; docs/formats/feed.md tells how it is verified.

    The message's entry is hashed together with the hash of the entry before, and the feed's key
    signs the last hash of each append. The chain of hashes was checked when the messages came;
    the signature was not.

    Attributes:
        feed_id: Id of the feed, 64 hexadecimal digits: the public key of the signature.
        subfeed_hash: Hash of the subfeed's name, 40 hexadecimal digits.
        position: The message's place in the subfeed, counted from 0.
        timestamp: When it was appended, in milliseconds since 1970 UTC, by the owner's clock.
        submitter_node_id: Id of the node that submitted it; None if the owner appended it.
        content: The bytes of the message, as they were hashed.
        previous_hash: Hash of the entry before, 64 hexadecimal digits; zeros at position 0.
        hash: Hash of this message's entry, 64 hexadecimal digits.
        signature: The feed's signature of the head behind this message, 128 hexadecimal digits.
            None where more messages of the same append follow: the last one's proves them all.
    """

    feed_id: str
    subfeed_hash: str
    position: int
    timestamp: int
    submitter_node_id: str | None
    content: bytes
    previous_hash: str
    hash: str
    signature: str | None

    @property
    def message(self) -> Any:
        """The JSON value of the content. Raises InvalidArgumentError if it is no JSON."""
        return load_strictly(self.content, f"The message at position {self.position}")


_TAG = b"kachery-p2p/feed-entry/1"


def entry_hash(place: bytes, position: int, said: bytes, previous: bytes, content: bytes) -> bytes:
    """The hash of a message's entry.

    Args:
        place: Feed id and subfeed hash, 32 and 20 bytes.
        position: The message's position.
        said: Time and submitter, 8 and 32 bytes.
        previous: Hash of the entry before, 32 bytes.
        content: The message.
    """
    size = len(content).to_bytes(4, "big")
    parts = (_TAG, place, position.to_bytes(8, "big"), said, previous, size, content)
    return hashlib.sha256(b"".join(parts)).digest()
