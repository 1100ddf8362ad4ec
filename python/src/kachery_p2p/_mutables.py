"""Small values under keys, on the daemon's node only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._comparable_json import dump_comparable
from ._daemon_session import daemon_session
from ._errors import KacheryError, failure
from ._limits import MAX_MUTABLE_KEY_BYTES, MAX_MUTABLE_VALUE_BYTES
from ._missing import MISSING
from ._strict_json import dump_strictly, load_strictly

if TYPE_CHECKING:
    from kachery_p2p.v1 import MutableExpectation

    from ._session import Session

_ANYTHING: Any = object()


def get(key: Any, default: Any = None) -> Any:
    """The value of a key on the daemon's node.

    Args:
        key: Any JSON value. Keys that are equal as JSON are the same key. Whole numbers in it
            must be such that a double holds them, as all up to 2**53 are.
        default: What to return if the key has no value. None may be a value, too: where that
            matters, give ``kp.MISSING``.

    Raises:
        InvalidArgumentError: The key is no JSON value, has a whole number that no double holds,
            or is over 4,096 bytes as JSON.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    from_key = _key_json(key)
    session = _session()
    from kachery_p2p.v1 import GetMutableRequest

    from ._calls import call_unary

    request = GetMutableRequest(key_json=from_key)
    try:
        response = call_unary(session, lambda to: to.mutables.GetMutable, request)
    except KacheryError as error:
        if error.reason == "mutable-not-found":
            return default
        raise
    return load_strictly(response.mutable.value_json, f"The value of the key {from_key}")


def get_string(key: Any) -> str | None:
    """The text that a key has for its value; None if it has no value.

    Raises as ``get``, and InvalidArgumentError if the value is no text.
    """
    value = get(key)
    if value is None or isinstance(value, str):
        return value
    message = f"The value of the key {_key_json(key)} is no text. Use get."
    raise failure("invalid-argument", message, {"field": "key"})


def set(  # noqa: A001 - the name that users know
    key: Any, value: Any, *, expected: Any = _ANYTHING
) -> None:
    """Gives a key a value on the daemon's node. It is on disk when this returns.

    Args:
        key: As for ``get``.
        value: Any JSON value, at most 1 MiB as JSON. Whole numbers keep all their digits.
        expected: What the value must be before; ``kp.MISSING`` if there must be none. Anything,
            if left out. It is compared as keys are, and has the same whole numbers.

    Raises:
        ConflictError: The value was not what was expected. If the connection broke meanwhile, it
            may have been, and be changed now.
        InvalidArgumentError: Key or value is no JSON value, or too large, or a whole number of
            the key or of what is expected is held by no double; nothing was sent.
        OfflineError: Offline mode is on.
        KacheryError: Anything else that went wrong, such as no daemon running.
    """
    key_json, value_json = _key_json(key), _value_json(value)
    expected_json = _expected_json(expected)
    session = _session()
    from kachery_p2p.v1 import SetMutableRequest

    from ._calls import call_unary

    expectation = _expectation(expected_json)
    request = SetMutableRequest(key_json=key_json, value_json=value_json, expectation=expectation)
    call_unary(session, lambda to: to.mutables.SetMutable, request)


def delete(key: Any, *, expected: Any = _ANYTHING) -> bool:
    """Takes the value of a key away. Returns whether it had one.

    Args:
        key: As for ``get``.
        expected: What the value must be before, as for ``set``; anything, if left out.

    Raises as ``set``.
    """
    key_json, expected_json = _key_json(key), _expected_json(expected)
    session = _session()
    from kachery_p2p.v1 import DeleteMutableRequest

    from ._calls import call_unary

    request = DeleteMutableRequest(key_json=key_json, expectation=_expectation(expected_json))
    try:
        call_unary(session, lambda to: to.mutables.DeleteMutable, request)
    except KacheryError as error:
        if error.reason == "mutable-not-found":
            return False
        raise
    return True


def _session() -> Session:
    return daemon_session("Mutables are kept by a daemon")


def _key_json(key: Any) -> str:
    return _limited(dump_comparable(key, "key"), "key", MAX_MUTABLE_KEY_BYTES)


def _value_json(value: Any) -> str:
    return _limited(dump_strictly(value, "value"), "value", MAX_MUTABLE_VALUE_BYTES)


def _limited(text: str, field: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    message = f"The {field} has {len(text)} bytes as JSON; at most {limit} are allowed."
    details = {"field": field, "limit": str(limit), "actual": str(len(text))}
    raise failure("too-large", message, details)


def _expected_json(expected: Any) -> str | None:
    """The JSON of what is expected; empty for no value, None for anything."""
    if expected is _ANYTHING:
        return None
    if expected is MISSING:
        return ""
    text = dump_comparable(expected, "expected value")
    return _limited(text, "expected value", MAX_MUTABLE_VALUE_BYTES)


def _expectation(expected_json: str | None) -> MutableExpectation | None:
    from kachery_p2p.v1 import MutableExpectation

    if expected_json is None:
        return None
    if expected_json == "":
        return MutableExpectation(absent=True)
    return MutableExpectation(value_json=expected_json)
