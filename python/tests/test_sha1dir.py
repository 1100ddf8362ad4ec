"""Files in directories that were stored as a listing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.content import sha1_of

import kachery_p2p as kp


@pytest.fixture(params=["storage", "daemon", "remote_daemon"])
def mode(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def directory(mode: Any) -> str:
    """URI of a directory."""
    for text in ("one", "two", "hidden", "deep"):
        kp.store_text(text)
    listing = {
        "files": {
            "one.txt": {"size": 3, "sha1": sha1_of(b"one")},
            "both": {"size": 6, "sha1": sha1_of(b"hidden")},
            "absent": {"size": 1, "sha1": "0" * 40},
            "old": {"size": 1, "md5": "x"},
        },
        "dirs": {
            "sub dir": {
                "files": {"two.txt": {"size": 3, "sha1": sha1_of(b"two")}},
                "dirs": {"deeper": {"files": {"x": {"sha1": sha1_of(b"deep")}}, "dirs": {}}},
            },
            "both": {"files": {}, "dirs": {}},
        },
    }
    uri = kp.store_text(json.dumps(listing))
    return uri.replace("sha1://", "sha1dir://").partition("/file.txt")[0]


def test_files_are_found(directory: str) -> None:
    assert kp.load_text(f"{directory}/one.txt") == "one"
    assert kp.load_text(f"{directory}/sub dir/two.txt") == "two"
    assert kp.load_text(f"{directory}.label/sub dir/deeper/x") == "deep"
    assert kp.load_bytes(f"{directory}/one.txt", 1, 3) == b"ne"
    assert b"".join(kp.read_file(f"{directory}/one.txt")) == b"one"
    info = kp.get_file_info(f"{directory}/one.txt")
    assert info is not None
    assert info.size == 3


@pytest.mark.parametrize(
    "path", ["", "/", "/missing", "/sub dir", "/both", "/one.txt/x", "/sub dir/missing", "/old"]
)
def test_what_is_not_a_file_in_it_is_none(directory: str, path: str) -> None:
    assert kp.load_file(directory + path) is None
    assert kp.load_bytes(directory + path, 0, 1) is None


def test_what_is_in_it_but_nowhere_else_is_none(directory: str) -> None:
    assert kp.load_file(f"{directory}/absent") is None


@pytest.mark.usefixtures("mode")
def test_a_directory_that_nobody_has_is_none() -> None:
    assert kp.load_file("sha1dir://" + "0" * 40 + "/x") is None


@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize("text", ["{", "\udcff"])
def test_what_is_no_listing_says_so(text: str) -> None:
    uri = kp.store_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(kp.ContentCorruptError, match="listing"):
        kp.load_file(uri.replace("sha1://", "sha1dir://").replace("/file.dat", "/x"))
