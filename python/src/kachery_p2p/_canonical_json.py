"""Canonical JSON, as docs/formats/feed.md of the project defines it."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any, cast

from ._errors import failure
from ._strict_json import dump_strictly


def canonical_json(value: Any, field: str) -> str:
    """The one text of a JSON value. Raises ``invalid-argument`` for what is none."""
    text = dump_strictly(value, field)
    try:
        return _written(json.loads(text, parse_int=float), field)
    except RecursionError:
        message = f"The {field} has lists or dicts in each other that are too many levels deep."
        raise failure("invalid-argument", message, {"field": field}) from None


def _written(value: Any, field: str) -> str:
    if isinstance(value, float):
        return _number(value, field)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return "[" + ",".join(_written(item, field) for item in items) + "]"
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        pairs = (f"{json.dumps(key)}:{_written(members[key], field)}" for key in sorted(members))
        return "{" + ",".join(pairs) + "}"
    return json.dumps(value)


def _number(value: float, field: str) -> str:
    """A number as ECMAScript's Number::toString writes it."""
    if not math.isfinite(value):
        message = f"A number of the {field} is larger than any double. Write it as a string."
        raise failure("invalid-argument", message, {"field": field})
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
