"""Cuts many small things into batches that a request may carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ._limits import MAX_BATCH_BYTES, MAX_BATCH_FILES

SmallContent = tuple[bytes, str]
"""Content, and its label."""


def in_batches(
    items: Iterable[SmallContent | str],
) -> Iterator[list[SmallContent] | str]:
    """The contents in their order, as many to a batch as one StoreFiles request may carry.

    A string stands for something that goes alone; it comes out where it stood.
    """
    batch: list[SmallContent] = []
    size = 0
    for item in items:
        item_size = 0 if isinstance(item, str) else len(item[0])
        is_full = len(batch) == MAX_BATCH_FILES or size + item_size > MAX_BATCH_BYTES
        if batch and (is_full or isinstance(item, str)):
            yield batch
            batch, size = [], 0
        if isinstance(item, str):
            yield item
        else:
            batch.append(item)
            size += item_size
    if batch:
        yield batch
