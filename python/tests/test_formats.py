"""Text, JSON, npy and pickle."""

from __future__ import annotations

import datetime
import io
import json
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.content import sha1_of

import kachery_p2p as kp
from kachery_p2p._formats import format_json, format_npy, format_text
from kachery_p2p._safe_pickle import dump_safely, load_safely

pytestmark = pytest.mark.usefixtures("storage")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.text())
def test_text_is_utf_8_exactly(text: str) -> None:
    assert format_text(text) == text.encode("utf-8")


def test_text_keeps_its_newlines_and_its_byte_order_mark() -> None:
    for text in ("a\r\nb\n", "\ufefftext", "\x00", "naïve 🧠"):
        assert kp.load_text(kp.store_text(text)) == text


def test_text_does_not_depend_on_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert kp.load_text(kp.store_text("é")) == "é"


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(kp.InvalidArgumentError, match="load_bytes"):
        kp.load_text(kp.store_bytes(b"\xff\xfe"))
    with pytest.raises(kp.InvalidArgumentError, match="UTF-8"):
        kp.store_text("\ud800")


@given(json_values)
def test_json_comes_back(value: Any) -> None:
    encoded = format_json(value, (",", ":"), None, False)
    assert encoded.isascii()
    assert json.loads(encoded) == value


def test_json_spelling() -> None:
    value = {"b": "é", "a": [1.0, (2, None)]}
    uri = kp.store_json(value)
    assert kp.load_text(uri) == '{"b":"\\u00e9","a":[1.0,[2,null]]}'
    assert kp.load_text(kp.store_json(value, sort_keys=True)) == (
        '{"a":[1.0,[2,null]],"b":"\\u00e9"}'
    )
    assert kp.load_text(kp.store_json([1, 2], separators=(", ", ": "))) == "[1, 2]"
    assert kp.load_text(kp.store_json([1], indent=1)) == "[\n 1\n]"
    assert uri.endswith("/file.json")
    assert kp.store_json(value, basename="x.json").endswith("/x.json")


@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("inf")], {"x": np.zeros(2)}, {1, 2}, b"x", {(1, 2): 3}, np.int64(1)],
)
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(kp.InvalidArgumentError, match="store_npy"):
        kp.store_json(value)


def test_what_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(kp.InvalidArgumentError):
        kp.store_json(value)
    with pytest.raises(kp.InvalidArgumentError):
        kp.store_pkl(value)


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(kp.InvalidArgumentError, match="not JSON"):
        kp.load_json(kp.store_text("{"))


ARRAYS = [
    np.arange(6).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(24).reshape(2, 3, 4)[:, ::2, 1:],
    np.array(5),
    np.zeros((0, 3)),
    np.zeros(0),
    np.zeros((3, 0, 2), order="F"),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array(["a", "bcd"]),
    np.array([b"a", b"bcd"]),
    np.array(["2020-01-01"], dtype="datetime64[D]"),
    np.zeros(3, dtype=[("x", "<i4"), ("y", ">f8", (2,))]),
    np.arange(5, dtype=">i4"),
    np.zeros(2, dtype="V0"),
    np.zeros(2, dtype=[(f"a_field_with_a_long_name_{k}", "<f8") for k in range(3000)]),
    np.zeros(2, dtype=[("é漢", "<f8")]),
]


@pytest.mark.filterwarnings("ignore:Stored array in format")
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.kind}{array.shape}")
def test_npy_is_what_numpy_writes(array: np.ndarray[Any, Any]) -> None:
    expected = io.BytesIO()
    np.save(expected, array, allow_pickle=False)
    source = format_npy(array)
    assert b"".join(source.pieces()) == expected.getvalue()
    assert source.size == len(expected.getvalue())
    uri = kp.store_npy(array)
    assert uri == f"sha1://{sha1_of(expected.getvalue())}/file.npy"
    loaded = kp.load_npy(uri)
    assert loaded is not None
    assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(loaded, array)


def test_npy_mapped() -> None:
    uri = kp.store_npy(np.arange(1000))
    mapped = kp.load_npy(uri, mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert mapped[999] == 999
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1
    private = kp.load_npy(uri, mmap_mode="c")
    assert private is not None
    private[0] = 7
    assert np.array_equal(kp.load_npy(uri), np.arange(1000))  # type: ignore[arg-type]
    for mode in ("r+", "w+", "x"):
        with pytest.raises(kp.InvalidArgumentError, match="never changes"):
            kp.load_npy(uri, mmap_mode=mode)


def test_arrays_of_objects_are_refused() -> None:
    for array in (np.array([{}]), np.zeros(2, dtype=[("x", "O")])):
        with pytest.raises(kp.InvalidArgumentError, match="store_pkl"):
            kp.store_npy(array)
    content = io.BytesIO()
    np.save(content, np.array([{}]), allow_pickle=True)
    with pytest.raises(kp.InvalidArgumentError, match="npy"):
        kp.load_npy(kp.store_bytes(content.getvalue()))


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x76\x00{"])
@pytest.mark.parametrize("mode", [None, "r"])
def test_what_is_not_npy_is_refused(content: bytes, mode: str | None) -> None:
    with pytest.raises(kp.InvalidArgumentError, match="npy"):
        kp.load_npy(kp.store_bytes(content), mmap_mode=mode)


VALUES = [
    None,
    True,
    2**100,
    1.5,
    1j,
    "é",
    b"bytes",
    [1, (2, {"a": {3}})],
    {(1, 2): frozenset({4})},
    range(3),
    slice(1, None),
    np.float32(1.5),
    np.int64(3),
    np.bool_(True),
    np.complex128(1j),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_pickles_of_plain_values_come_back(value: Any) -> None:
    loaded = kp.load_pkl(kp.store_pkl(value))
    assert loaded == value
    assert type(loaded) is type(value)


@pytest.mark.parametrize("protocol", range(3, 6))
def test_pickles_of_arrays_come_back(protocol: int) -> None:
    arrays = [np.arange(6).reshape(2, 3), np.asfortranarray(np.eye(3)), np.array("text")]
    arrays += [np.array([1, None, "x"], dtype=object), np.zeros(2, dtype=[("x", "<f4")])]
    loaded = load_safely(pickle.dumps(arrays, protocol=protocol))
    for one, other in zip(loaded, arrays):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    value = kp.load_pkl(kp.store_pkl({"arrays": arrays}))
    np.testing.assert_array_equal(value["arrays"][0], arrays[0])


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
@pytest.mark.filterwarnings("error")
def test_pickles_of_every_numpy_are_read(module: str) -> None:
    pickled = pickle.dumps(np.arange(3), protocol=3)
    for core in (b"numpy._core.multiarray", b"numpy.core.multiarray"):
        pickled = pickled.replace(core, module.encode())
    assert list(load_safely(pickled)) == [0, 1, 2]


class Custom:
    pass


@pytest.mark.parametrize(
    "value",
    [
        Custom(),
        [{"x": (Custom(),)}],
        {Custom(): 1},
        np.array([Custom()], dtype=object),
        np.zeros(1, dtype=[("x", "O")]),
        datetime.date(2020, 1, 1),
        OrderedDict(a=1),
        Path("x"),
        print,
        np.zeros(2).view(np.recarray),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_are_not_pickled(value: Any) -> None:
    with pytest.raises(kp.InvalidArgumentError, match="store_npy for arrays"):
        kp.store_pkl(value)


class Evil:
    def __reduce__(self) -> Any:
        return (eval, ("1/0",))


@pytest.mark.parametrize(
    "pickled",
    [
        pickle.dumps(Evil()),
        pickle.dumps(Evil(), protocol=0),
        pickle.dumps({"x": [Evil()]}),
        pickle.dumps(datetime.date(2020, 1, 1)),
        pickle.dumps(np.load),
        pickle.dumps(np.testing.assert_equal),
        b"cnumpy.core.multiarray\nfrombuffer\n.",
        b"cnumpy\ncore.multiarray.scalar\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
        b"cbuiltins\neval\n.",
        b"",
        b"text",
        pickle.dumps([1, 2, 3])[:-1],
    ],
)
def test_pickles_of_other_objects_are_not_loaded(pickled: bytes) -> None:
    with pytest.raises(kp.InvalidArgumentError, match="load_file"):
        kp.load_pkl(kp.store_bytes(pickled))


def test_the_bytes_of_a_pickle_do_not_depend_on_pythons_default() -> None:
    assert dump_safely([1])[:2] == b"\x80\x04"
