"""JSON as feeds and mutables carry it: any value of JSON, and nothing that only Python reads."""

from __future__ import annotations

import json
from typing import Any, Callable

from ._errors import failure


def dump_strictly(value: Any, field: str) -> str:
    """The value as compact JSON in ASCII, so that half a surrogate pair can be written, too.

    Whole numbers keep all their digits. As in all of Python, numbers, booleans and None become
    strings where they are keys of a dict. Raises ``invalid-argument`` for NaN, infinities and
    what JSON does not have.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise failure(
            "invalid-argument",
            f"The {field} cannot be written as JSON: {error}. JSON has dicts with string keys, "
            "lists, strings, finite numbers, booleans and None; store an array with store_npy and "
            "send its URI.",
            {"field": field},
        ) from error


def load_strictly(text: bytes | str, subject: str, whole: Callable[[str], Any] = int) -> Any:
    """The value of JSON text. Raises ``invalid-argument`` if it is none.

    ``whole`` makes a whole number of its digits.
    """
    decoder = _DECODER if whole is int else _decoder(whole)
    try:
        return decoder.decode(text.decode("utf-8") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError) as error:
        message = f"{subject} is not JSON: {error}. Another program wrote it; read it with that."
        raise failure("invalid-argument", message, {"field": subject}) from error


def load_plainly(content: bytes) -> Any:
    """The value of JSON text in UTF-8, soon. Raises ValueError or RecursionError if it is none."""
    text = content.decode("utf-8")
    if text[:1] in _WHITE_SPACE:
        return _DECODER.decode(text)
    value, end = _raw_decode(text)
    return value if end == len(text) else _DECODER.decode(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")


def _decoder(whole: Callable[[str], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse, parse_int=whole)


_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_DECODER = _decoder(int)
_raw_decode = _DECODER.raw_decode
_WHITE_SPACE = frozenset(" \t\n\r")
