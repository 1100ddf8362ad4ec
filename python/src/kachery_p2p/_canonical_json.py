"""Canonical JSON, as docs/formats/feed.md of the project defines it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

from ._comparable_json import as_compared
from ._errors import failure


def canonical_json(value: Any, field: str) -> str:
    """The one text of a JSON value. Raises ``invalid-argument`` as ``as_compared``."""
    try:
        return _written(as_compared(value, field))
    except RecursionError:
        message = f"The {field} has lists or dicts in each other that are too many levels deep."
        raise failure("invalid-argument", message, {"field": field}) from None


def _written(value: Any) -> str:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return "[" + ",".join(_written(item) for item in items) + "]"
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        pairs = (f"{json.dumps(key)}:{_written(members[key])}" for key in sorted(members))
        return "{" + ",".join(pairs) + "}"
    return json.dumps(value)


def _number(value: float) -> str:
    """A number as ECMAScript's Number::toString writes it."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    digits = "".join(map(str, Decimal(repr(abs(value))).as_tuple().digits)).strip("0")
    point = Decimal(repr(abs(value))).adjusted() + 1
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"
