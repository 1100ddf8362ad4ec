"""Files that are kept where they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.content import generated, sha1_of

import kachery_p2p as kp


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "recording.dat"
    path.write_bytes(b"0123456789")
    return path


def record_of(storage: Path, sha1: str) -> Path:
    return storage / "sha1" / sha1[:2] / sha1[2:4] / sha1[4:6] / f"{sha1}.link"


def test_a_link_is_written_as_the_original_does(storage: Path, source: Path) -> None:
    uri = kp.link_file(source)
    sha1 = sha1_of(b"0123456789")
    assert uri == f"sha1://{sha1}/recording.dat"
    record = json.loads(record_of(storage, sha1).read_text())
    stats = source.stat()
    assert record == {
        "path": str(source),
        "manifestSha1": None,
        "stat": {"size": 10, "mtime": stats.st_mtime},
    }
    assert kp.load_file(uri) == str(source)
    assert kp.load_bytes(uri, 2, 5) == b"234"
    assert b"".join(kp.read_file(uri, 5)) == b"56789"
    info = kp.get_file_info(uri)
    assert info is not None
    assert (info.path, info.is_linked, info.size) == (str(source), True, 10)


@pytest.mark.parametrize("manifest", [{"manifestSha1": None}, {"manifest_hash": None}, {}])
def test_links_of_the_original_are_read(
    storage: Path, source: Path, manifest: dict[str, None]
) -> None:
    sha1 = sha1_of(b"0123456789")
    path = record_of(storage, sha1)
    path.parent.mkdir(parents=True)
    stats = source.stat()
    stat = {"size": stats.st_size, "mtime": stats.st_mtime}
    record = {"path": str(source), **manifest, "stat": stat, "_writingProcess": "daemon"}
    path.write_text(json.dumps(record))
    assert kp.load_file(f"sha1://{sha1}") == str(source)


def test_a_large_linked_file_has_a_manifest(storage: Path, tmp_path: Path) -> None:
    content = generated(20_000_001)
    large = tmp_path / "v20000001.bin"
    large.write_bytes(content)
    uri = kp.link_file(large)
    assert "?manifest=5071ac150339f8a5899f91f7b2dd8241fccc8e74" in uri
    record = json.loads(record_of(storage, sha1_of(content)).read_text())
    assert record["manifestSha1"] == "5071ac150339f8a5899f91f7b2dd8241fccc8e74"
    assert kp.load_json("sha1://" + record["manifestSha1"])["size"] == len(content)


@pytest.mark.usefixtures("storage")
def test_a_linked_file_that_changed_is_refused(source: Path) -> None:
    uri = kp.link_file(source)
    stats = source.stat()
    source.write_bytes(b"9876543210")
    os.utime(source, ns=(stats.st_atime_ns, stats.st_mtime_ns + 1000))
    for load in (kp.load_file, kp.load_text, kp.load_bytes, kp.read_file):
        with pytest.raises(kp.ContentCorruptError, match=str(source)) as caught:
            load(uri)
        assert caught.value.reason == "content-corrupt"
    source.unlink()
    with pytest.raises(kp.ContentCorruptError, match="gone"):
        kp.load_file(uri)


def test_storing_a_linked_file_makes_a_copy(storage: Path, source: Path) -> None:
    uri = kp.link_file(source)
    assert kp.store_file(source) == uri
    source.unlink()
    assert kp.load_text(uri) == "0123456789"
    assert storage.exists()


def test_linking_a_stored_file_writes_no_link(storage: Path, source: Path) -> None:
    assert kp.link_file(source) == kp.store_file(source)
    record_of(storage, sha1_of(b"0123456789")).unlink()
    kp.link_file(source)
    assert not record_of(storage, sha1_of(b"0123456789")).exists()


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"path":1}', '{"path":"/x","stat":null}', '{"path":"/x"}']
)
def test_a_broken_record_is_no_link(storage: Path, text: str) -> None:
    path = record_of(storage, "a" * 40)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert kp.load_file("sha1://" + "a" * 40) is None
