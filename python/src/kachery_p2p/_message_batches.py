"""What the daemon sends of a subfeed: messages that were appended together, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

from kachery_p2p.v1 import MessageBatch

from ._errors import failure
from ._message_log import Values
from ._signed_message import SignedMessage, entry_hash
from ._strict_json import load_plainly, load_strictly

Decode = Callable[[MessageBatch], Values]


# Stands in what is signed where nobody submitted the messages: no node may be called so.
_NOBODY = "00" * 32


def values_of(batch: MessageBatch) -> Values:
    """The JSON values of a batch. Raises ``invalid-argument`` at one that is none."""
    first = batch.position
    for index, content in enumerate(batch.messages):
        try:
            value = load_plainly(content)
        except (ValueError, RecursionError):
            # With the reason.
            value = load_strictly(content, f"The message at position {first + index}")
        yield value


def signed_messages(feed_id: str, subfeed_hash: str) -> Decode:
    """Decodes batches of a subfeed that came with proofs. Raises ``content-corrupt``."""
    place = bytes.fromhex(feed_id + subfeed_hash)

    def decode(batch: MessageBatch) -> Iterator[SignedMessage]:
        timestamp, submitter = batch.appended_at.ToMilliseconds(), batch.submitter_node_id
        said = timestamp.to_bytes(8, "big", signed=True) + bytes.fromhex(submitter or _NOBODY)
        hashes = [batch.proof.previous_hash]
        for position, content in enumerate(batch.messages, batch.position):
            hashes.append(entry_hash(place, position, said, hashes[-1], content))
        if hashes[-1] != batch.proof.last_hash or submitter == _NOBODY:
            raise _broken_chain(feed_id, subfeed_hash, batch.position)
        last = len(batch.messages) - 1
        for index, content in enumerate(batch.messages):
            yield SignedMessage(
                feed_id=feed_id,
                subfeed_hash=subfeed_hash,
                position=batch.position + index,
                timestamp=timestamp,
                submitter_node_id=submitter or None,
                content=content,
                previous_hash=hashes[index].hex(),
                hash=hashes[index + 1].hex(),
                signature=(batch.proof.signature.hex() or None) if index == last else None,
            )

    return decode


def _broken_chain(feed_id: str, subfeed_hash: str, position: int) -> Exception:
    return failure(
        "content-corrupt",
        f"The messages of feed://{feed_id}/~{subfeed_hash} from position {position} on do not "
        "match the hashes that came with them. Look into the daemon's log.",
        {"feed_id": feed_id, "subfeed_hash": subfeed_hash, "position": str(position)},
    )
