"""Small values under keys."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
from support.daemon import Daemon

import kachery_p2p as kp

pytestmark = pytest.mark.usefixtures("daemon")

VALUES: list[Any] = [None, True, False, 0, 2**64, 1.5, "", "é😀", "\ud800", [], {"a": [None]}]


def new_key() -> str:
    return f"key {secrets.token_hex(8)}"


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_any_value_comes_back(value: Any) -> None:
    key = new_key()
    kp.set(key, value)
    assert repr(kp.get(key, "default")) == repr(value)
    assert kp.delete(key) is True
    assert kp.get(key, "default") == "default"
    assert kp.delete(key) is False


@pytest.mark.parametrize("key", VALUES, ids=ascii)
def test_any_value_is_a_key(key: Any) -> None:
    kp.set(key, "of this key")
    assert kp.get(key) == "of this key"
    kp.delete(key)


def test_none_can_be_told_from_no_value() -> None:
    key = new_key()
    assert (kp.get(key), kp.get(key, kp.MISSING)) == (None, kp.MISSING)
    kp.set(key, None)
    assert (kp.get(key), kp.get(key, kp.MISSING)) == (None, None)
    assert repr(kp.MISSING) == "kachery_p2p.MISSING"


def test_keys_that_are_equal_as_json_are_the_same() -> None:
    mark = new_key()
    kp.set({"a": mark, "b": 1}, "value")
    assert kp.get({"b": 1.0, "a": mark}) == "value"
    assert kp.get({"b": "1", "a": mark}) is None


def test_strings() -> None:
    key = new_key()
    assert kp.get_string(key) is None
    kp.set(key, "text")
    assert kp.get_string(key) == "text"
    kp.set(key, 1)
    with pytest.raises(kp.InvalidArgumentError, match="no text"):
        kp.get_string(key)


def test_values_change_only_if_they_are_what_is_expected() -> None:
    key = new_key()
    with pytest.raises(kp.ConflictError) as caught:
        kp.set(key, "new", expected="old")
    assert caught.value.reason == "mutable-conflict"
    kp.set(key, None, expected=kp.MISSING)
    with pytest.raises(kp.ConflictError):
        kp.set(key, "new", expected=kp.MISSING)
    kp.set(key, {"a": 1, "b": 2}, expected=None)
    with pytest.raises(kp.ConflictError):
        kp.delete(key, expected=None)
    assert kp.delete(key, expected={"b": 2, "a": 1})
    assert kp.get(key, kp.MISSING) is kp.MISSING


@pytest.mark.parametrize(
    "unfit", [float("nan"), b"", {1}, "x" * (2**20 - 1)], ids=lambda x: type(x)
)
def test_what_cannot_be_is_refused_before_anything_is_sent(unfit: Any) -> None:
    key = new_key()
    for change in (
        lambda: kp.set(key, unfit),
        lambda: kp.set(unfit, 1),
        lambda: kp.set(key, 1, expected=unfit),
        lambda: kp.get(unfit),
        lambda: kp.delete(unfit),
    ):
        with pytest.raises(kp.InvalidArgumentError):
            change()
    assert kp.get(key, kp.MISSING) is kp.MISSING


@pytest.mark.parametrize("number", [2**53 + 1, -(2**60) - 1, 10**23, 10**400], ids=str)
def test_whole_numbers_that_no_double_holds(number: int) -> None:
    key = new_key()
    for use in (
        lambda: kp.get({key: [number]}),
        lambda: kp.set({key: [number]}, 1),
        lambda: kp.delete(number),
        lambda: kp.set(key, 1, expected={"a": number}),
        lambda: kp.delete(key, expected=number),
    ):
        with pytest.raises(kp.InvalidArgumentError, match="compared as a double"):
            use()
    kp.set(key, number)
    assert kp.get(key) == number


@pytest.mark.parametrize(
    "number", [2**53, -(2**60), 1152921504606847000, 2**200, 1e23, 1e300], ids=repr
)
def test_numbers_that_a_double_holds(number: float) -> None:
    key = [new_key(), number]
    kp.set(key, number, expected=kp.MISSING)
    kp.set(key, "changed", expected=number)
    assert kp.get(key) == "changed"


def test_the_largest_value_and_key() -> None:
    kp.set("k" * 4_094, "x" * (2**20 - 2))
    assert kp.get("k" * 4_094) == "x" * (2**20 - 2)
    with pytest.raises(kp.InvalidArgumentError) as caught:
        kp.get("k" * 4_095)
    assert caught.value.reason == "too-large"


def test_values_survive_a_restart(new_daemon: Daemon) -> None:
    kp.set("key", [1])
    new_daemon.kill()
    new_daemon.start()
    assert kp.get("key") == [1]


def test_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(tmp_path))
    for use in (
        lambda: kp.get("key"),
        lambda: kp.get_string("key"),
        lambda: kp.set("key", 1),
        lambda: kp.delete("key"),
    ):
        with pytest.raises(kp.OfflineError, match="Mutables are kept by a daemon"):
            use()
