"""Positions in a subfeed."""

from __future__ import annotations

from operator import index

from ._errors import failure
from ._limits import MAX_OFFSET


def parse_position(value: int) -> int:
    """A position, or a number of messages. Raises ``invalid-argument`` for what cannot be one."""
    try:
        position = index(value)
    except TypeError:
        position = -1
    if 0 <= position <= MAX_OFFSET:
        return position
    message = f"{value!r} is no position or number of messages: 0 to {MAX_OFFSET} are."
    raise failure("invalid-argument", message, {"field": "position"})
