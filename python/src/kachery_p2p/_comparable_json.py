"""JSON that is compared: names of subfeeds, keys, expected values. Its numbers are doubles."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from ._errors import failure
from ._strict_json import dump_strictly

# Canonical JSON is written as ECMAScript does.
_FIRST_WITH_EXPONENT = 1e21


def dump_comparable(value: Any, field: str) -> str:
    """The value as compact JSON in ASCII. Raises as ``as_compared``."""
    text = dump_strictly(value, field)
    _parse(text, field)
    return text


def as_compared(value: Any, field: str) -> Any:
    """The value as it is compared, where every number is a double.

    Raises ``invalid-argument`` for what is no JSON, and for a whole number that no double holds:
    another one would be the same.
    """
    return _parse(dump_strictly(value, field), field)


def _parse(text: str, field: str) -> Any:
    try:
        return json.loads(text, parse_int=_double)
    except _NoDoubleError as error:
        problem = f"has the whole number {error}, which is compared as a double and is none"
        advice = "Write it as a string, which keeps every digit."
    except RecursionError:
        problem = "has lists or dicts in each other that are too many levels deep"
        advice = "Make it flatter."
    raise failure("invalid-argument", f"The {field} {problem}. {advice}", {"field": field})


def _double(digits: str) -> float:
    number = float(digits)
    if math.isfinite(number) and int(digits) in (int(number), _canonical(number)):
        return number
    raise _NoDoubleError(digits if len(digits) <= 40 else f"{digits[:40]}...")


def _canonical(number: float) -> int | None:
    """The digits that canonical JSON writes for a whole number, so that they can be given back."""
    return int(Decimal(repr(number))) if abs(number) < _FIRST_WITH_EXPONENT else None


class _NoDoubleError(Exception):
    """A whole number that is between two doubles, or beyond all."""
