"""A daemon whose storage directory cannot be seen: everything goes through its API."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.content import generated, sha1_of
from support.daemon import Daemon

import kachery_p2p as kp

pytestmark = pytest.mark.usefixtures("remote_daemon")


def cached(home: Path) -> list[Path]:
    return [path for path in (home / ".cache/kachery-p2p/files").rglob("*") if path.is_file()]


def test_a_file_comes_into_the_cache_verified(home: Path, tmp_path: Path) -> None:
    content = generated(5_000_000)
    (tmp_path / "x").write_bytes(content)
    uri = kp.store_file(tmp_path / "x")
    path = kp.load_file(uri)
    assert path is not None
    assert cached(home) == [Path(path)]
    assert Path(path).read_bytes() == content
    assert not os.stat(path).st_mode & 0o222
    assert kp.load_file(uri) == path
    assert kp.load_bytes(uri, 5, 50) == content[5:50]


def test_the_cache_may_be_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KACHERY_TEMP_DIR", str(tmp_path / "scratch"))
    path = kp.load_file(kp.store_text("elsewhere"))
    assert path is not None
    assert path.startswith(str(tmp_path / "scratch"))
    assert cached(home) == []


def test_a_copy_of_ones_own_needs_no_cache(home: Path, tmp_path: Path) -> None:
    uri = kp.store_text("my own")
    assert kp.load_file(uri, dest=tmp_path / "copy") == str(tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "my own"
    assert os.access(tmp_path / "copy", os.W_OK)
    assert cached(home) == []
    assert kp.load_file("sha1://" + "0" * 40, dest=tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_ranges_are_read_without_loading_the_file(home: Path) -> None:
    content = generated(25_000_000)
    uri = kp.store_bytes(content)
    assert kp.load_bytes(uri, 19_999_000, 22_000_000) == content[19_999_000:22_000_000]
    assert kp.load_bytes(uri, 24_000_000) == content[24_000_000:]
    assert kp.load_bytes(uri, 7, 7) == b""
    assert kp.load_bytes(uri, len(content)) == b""
    for start, end in ((0, len(content) + 1), (len(content) + 1, len(content) + 1)):
        with pytest.raises(kp.RangeBeyondEndError):
            kp.load_bytes(uri, start, end)
    assert cached(home) == []


def test_batches_are_checked_against_their_hashes(remote_daemon: Daemon) -> None:
    uris = kp.store_bytes_batch([b"good", b"to be spoilt", bytes(2_000_000)])
    assert list(kp.load_bytes_batch(uris)) == [b"good", b"to be spoilt", bytes(2_000_000)]
    path = remote_daemon.stored(sha1_of(b"to be spoilt"))
    os.chmod(path, 0o644)
    path.write_bytes(b"to be spoil!")
    with pytest.raises(kp.ContentCorruptError):
        list(kp.load_bytes_batch(uris))
    path.unlink()


def test_spoilt_bytes_never_get_out(home: Path, remote_daemon: Daemon, tmp_path: Path) -> None:
    uri = kp.store_bytes(b"to be spoilt too")
    path = remote_daemon.stored(sha1_of(b"to be spoilt too"))
    os.chmod(path, 0o644)
    path.write_bytes(b"to be spoilt tOO")
    for load in (kp.load_file, kp.load_text, lambda uri: kp.load_file(uri, tmp_path / "copy")):
        with pytest.raises(kp.ContentCorruptError) as caught:
            load(uri)
        assert caught.value.reason == "content-corrupt"
    assert not (tmp_path / "copy").exists()
    assert cached(home) == []
    path.unlink()


def test_content_that_is_there_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content = generated(21_000_000)
    (tmp_path / "one").write_bytes(content)
    (tmp_path / "two").write_bytes(content)
    first = kp.store_file(tmp_path / "one")

    def refuse(*_: object) -> None:
        raise AssertionError("it was sent again")

    monkeypatch.setattr("kachery_p2p._online_files.upload", refuse)
    assert kp.store_file(tmp_path / "two") == first.replace("/one?", "/two?")
    assert "?manifest=" in first


def test_files_that_others_stored_get_their_manifest(remote_daemon: Daemon, tmp_path: Path) -> None:
    """Other programs may have put a large file into the store, without a manifest."""
    content = generated(20_500_000)
    stored = remote_daemon.stored(sha1_of(content))
    stored.parent.mkdir(parents=True)
    stored.write_bytes(content)
    (tmp_path / "x").write_bytes(content)
    uri = kp.store_file(tmp_path / "x")
    manifest = kp.load_json("sha1://" + uri.partition("?manifest=")[2])
    assert (manifest["size"], manifest["sha1"]) == (len(content), sha1_of(content))


def test_linking_needs_the_daemons_machine(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(kp.NotPermittedError, match="machine"):
        kp.link_file(tmp_path / "x")
