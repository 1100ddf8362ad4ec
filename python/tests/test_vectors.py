"""The published results of the original, offline and through a daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.content import generated, vectors

import kachery_p2p as kp

VECTORS = vectors()


@pytest.fixture(params=["storage", "daemon", "own_daemon", "remote_daemon"])
def mode(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.mark.usefixtures("mode")
def test_text() -> None:
    for vector in VECTORS["text"]:
        assert kp.store_text(vector["text"]) == vector["uri"]
        assert kp.load_text(vector["uri"]) == vector["text"]


@pytest.mark.usefixtures("mode")
def test_json() -> None:
    for vector in VECTORS["json"]:
        assert kp.store_json(vector["value"]) == vector["uri"]
        assert kp.store_object(vector["value"]) == vector["uri"]
        assert kp.load_text(vector["uri"]) == vector["text"]
        assert kp.load_json(vector["uri"]) == vector["value"]
        assert list(kp.load_object(vector["uri"]) or {}) == list(vector["value"])


@pytest.mark.usefixtures("mode")
def test_npy() -> None:
    for vector in VECTORS["npy"]:
        array = np.array(vector["array"], dtype=vector["dtype"])
        assert kp.store_npy(array) == vector["uri"]
        loaded = kp.load_npy(vector["uri"])
        assert loaded is not None
        assert loaded.dtype == array.dtype
        np.testing.assert_array_equal(loaded, array)


@pytest.mark.usefixtures("mode")
def test_files_and_their_manifests(tmp_path: Path) -> None:
    for vector in VECTORS["files"]:
        content = generated(vector["gen"])
        path = tmp_path / f"v{vector['gen']}.bin"
        path.write_bytes(content)
        assert kp.store_file(path) == vector["uri"]
        loaded = kp.load_file(vector["uri"])
        assert loaded is not None
        assert Path(loaded).read_bytes() == content
        if "manifest" in vector:
            manifest = vector["uri"].partition("?manifest=")[2]
            assert kp.load_text(f"sha1://{manifest}") == vector["manifest"]


@pytest.mark.usefixtures("mode")
def test_ranges() -> None:
    uri = kp.store_text(VECTORS["ranges"]["content"])
    for case in VECTORS["ranges"]["cases"]:
        start, end = case["start"], case["end"]
        if case.get("error"):
            with pytest.raises(kp.InvalidArgumentError) as caught:
                kp.load_bytes(uri, start, end)
            assert caught.value.reason in ("invalid-range", "range-beyond-end")
            with pytest.raises(kp.InvalidArgumentError):
                list(kp.read_file(uri, start, end))
        else:
            expected = case["bytes"].encode()
            loaded = kp.load_bytes(uri, start, end)
            assert type(loaded) is bytearray
            assert loaded == expected
            assert b"".join(kp.read_file(uri, start, end)) == expected


@pytest.mark.usefixtures("mode")
def test_offsets_that_no_file_has() -> None:
    uri = kp.store_text("text")
    for start, end in ((2**53, 2**53 + 1), (2**63, 2**63 + 1), (2**70, None), (0, 2**70)):
        for load in (kp.load_bytes, kp.read_file):
            with pytest.raises(kp.InvalidArgumentError) as caught:
                load(uri, start, end)
            assert caught.value.reason == "invalid-range"
