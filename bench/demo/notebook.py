"""What a scientist does in a notebook: store, and load back.

Everything that is loaded is compared with the original, every byte of it.
"""

from pathlib import Path

import kachery_p2p as kp
import numpy as np

from originals import array_of, content_of, lines_of


def store_file(path: str) -> str:
    """Stores a file."""
    return kp.store_file(path)


def store_array(name: str) -> str:
    """Stores an array."""
    return kp.store_npy(array_of(name))


def load_file(uri: str, name: str) -> None:
    """Loads a file."""
    path = kp.load_file(uri)
    same = path is not None and Path(path).read_bytes() == content_of(name)
    _expect(same, f"{uri} is not what was stored")


def load_array(uri: str, name: str) -> None:
    """Loads an array."""
    array = kp.load_npy(uri)
    original = array_of(name)
    same = array is not None and array.dtype == original.dtype and np.array_equal(array, original)
    _expect(same, f"{uri} is not what was stored")


def load_ranges(uri: str, name: str, ranges: list[tuple[int, int]]) -> None:
    """Loads ranges of bytes."""
    content = content_of(name)
    for start, end in ranges:
        same = kp.load_bytes(uri, start, end) == content[start:end]
        _expect(same, f"bytes {start} to {end} of {uri} are not what was stored")


def create_subfeed(feed_name: str, subfeed_name: str) -> str:
    """Makes a feed; the URI of a subfeed of it."""
    return kp.create_feed(feed_name).get_subfeed(subfeed_name).get_uri()


def append_lines(uri: str, name: str, batch: int) -> int:
    """Appends the lines of a text, a batch at a time; how many they are."""
    lines = lines_of(name)
    subfeed = kp.load_subfeed(uri)
    for first in range(0, len(lines), batch):
        subfeed.append_messages(lines[first : first + batch])
    return len(lines)


def read_lines(uri: str, name: str) -> None:
    """Reads the lines back."""
    same = list(kp.load_subfeed(uri)) == lines_of(name)
    _expect(same, f"the messages of {uri} are not what was appended")


def _expect(fact: bool, otherwise: str) -> None:
    if not fact:
        raise ValueError(otherwise)
