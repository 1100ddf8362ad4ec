"""Stands for what is not there, where None is a value."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Missing(Enum):
    """The type of MISSING, its only value."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "kachery_p2p.MISSING"


MISSING: Final = Missing.MISSING
"""No value: what ``get`` may return, and ``set`` and ``delete`` may expect."""
