"""What the package does with feeds, timed."""

from time import perf_counter
from typing import Any

import kachery_p2p as kp


def append_one_by_one(uri: str, count: int) -> float:
    """Seconds of so many durable appends, one after another."""
    subfeed = kp.load_subfeed(uri)
    start = perf_counter()
    for index in range(count):
        subfeed.append_message(_sample(index))
    return perf_counter() - start


def append_batches(uri: str, count: int, batch: int) -> float:
    """Seconds of appending so many messages, a batch at a time."""
    subfeed = kp.load_subfeed(uri)
    start = perf_counter()
    for first in range(0, count, batch):
        subfeed.append_messages([_sample(index) for index in range(first, first + batch)])
    return perf_counter() - start


def read_messages(uri: str, count: int) -> float:
    """Seconds of reading all of the messages."""
    start = perf_counter()
    taken = sum(1 for _ in kp.load_subfeed(uri))
    seconds = perf_counter() - start
    if taken != count:
        raise ValueError(f"read {taken} of {count} messages")
    return seconds


def _sample(index: int) -> dict[str, Any]:
    return {"sample": index, "channel": "left", "value": index / 7}
