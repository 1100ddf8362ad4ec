"""Cuts many small things into batches that a request may carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ._limits import MAX_BATCH_BYTES, MAX_BATCH_FILES

SmallContent = tuple[bytes, str]
"""Content, and its label."""


def in_batches(contents: Iterable[SmallContent]) -> Iterator[list[SmallContent]]:
    """The contents in their order, as many to a batch as one StoreFiles request may carry."""
    batch: list[SmallContent] = []
    size = 0
    for content in contents:
        if len(batch) == MAX_BATCH_FILES or size + len(content[0]) > MAX_BATCH_BYTES:
            if batch:
                yield batch
            batch, size = [], 0
        batch.append(content)
        size += len(content[0])
    if batch:
        yield batch
