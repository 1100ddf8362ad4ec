"""Work for other processes, which import it by name."""

from __future__ import annotations

import kachery_p2p as kp


def store_the_same(_: int) -> str:
    """Stores 2 MB that are always the same."""
    return kp.store_bytes(bytes(2_000_000), "same")


def store_and_load(text: str) -> str | None:
    """Stores a text and loads it back."""
    return kp.load_text(kp.store_text(text))


def fail(_: object) -> None:
    """Fails with an exception of the package."""
    kp.load_file("sha1://x")


def append_all(subfeed: kp.Subfeed, messages: list[int]) -> int:
    """Appends to a subfeed that came from another process."""
    return subfeed.append_messages(messages)
