"""What is told of a subfeed with proofs is believed only if the hashes say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from kachery_p2p.v1 import MessageBatch
from support.daemon import REPOSITORY

import kachery_p2p as kp
from kachery_p2p._message_batches import signed_messages

VECTORS: dict[str, Any] = json.loads((REPOSITORY / "test" / "vectors" / "feed.json").read_text())
FIRST: dict[str, Any] = VECTORS["appends"][0]


def batch(submitter_node_id: str) -> MessageBatch:
    """The first append of the vectors, as a daemon tells it that names this submitter."""
    appended_at = Timestamp()
    appended_at.FromMilliseconds(FIRST["timestampMs"])
    told = MessageBatch(
        messages=[bytes.fromhex(entry["messageHex"]) for entry in FIRST["entries"]],
        position=FIRST["entries"][0]["position"],
        appended_at=appended_at,
        submitter_node_id=submitter_node_id,
    )
    told.proof.previous_hash = bytes(32)
    told.proof.last_hash = bytes.fromhex(FIRST["entries"][-1]["hash"])
    return told


def test_what_was_signed_is_told() -> None:
    decode = signed_messages(VECTORS["feedId"], VECTORS["subfeedHash"])
    assert [message.submitter_node_id for message in decode(batch(""))] == [None] * len(
        FIRST["entries"]
    )


@pytest.mark.parametrize("submitter", ["f" * 64, "0" * 64])
def test_a_submitter_who_was_not_signed_is_noticed(submitter: str) -> None:
    decode = signed_messages(VECTORS["feedId"], VECTORS["subfeedHash"])
    with pytest.raises(kp.ContentCorruptError):
        list(decode(batch(submitter)))
