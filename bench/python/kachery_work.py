"""What the package does, timed."""

from time import perf_counter
from typing import Any

import kachery_p2p as kp

from limits import random_offsets


def store_file(path: str) -> dict[str, Any]:
    """Stores a file; its URI and the seconds that it took."""
    start = perf_counter()
    uri = kp.store_file(path)
    return {"seconds": perf_counter() - start, "uri": uri}


def store_again(path: str, count: int) -> list[float]:
    """Seconds of each of so many stores of a file that does not change."""
    return [store_file(path)["seconds"] for _ in range(count)]


def load_ranges(uri: str, size_bytes: int, count: int, range_bytes: int, seed: int) -> float:
    """Seconds of loading random ranges of a file that this machine has."""
    offsets = random_offsets(size_bytes, count, range_bytes, seed)
    start = perf_counter()
    for offset in offsets:
        kp.load_bytes(uri, offset, offset + range_bytes)
    return perf_counter() - start
