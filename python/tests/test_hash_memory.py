"""Unchanged files are not read again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.content import generated, sha1_of

import kachery_p2p as kp
from kachery_p2p import _source
from kachery_p2p._hash_memory import KnownContent, is_settled, recall, remember

SIZE = 1_500_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that was last written to and touched long enough ago."""
    path = tmp_path / "recording.dat"
    path.write_bytes(generated(SIZE))
    while not is_settled(path.stat()):
        pass
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files whose bytes were read."""
    read: list[str] = []
    pieces = _source.FileSource.pieces

    def counted(self: _source.FileSource, start: int = 0) -> Iterator[_source.Piece]:
        read.append(self.path)
        return pieces(self, start)

    monkeypatch.setattr(_source.FileSource, "pieces", counted)
    return read


@pytest.mark.parametrize("mode", ["storage", "daemon", "own_daemon", "remote_daemon"])
def test_an_unchanged_file_is_read_once(
    mode: str, request: pytest.FixtureRequest, source: Path, reads: list[str]
) -> None:
    request.getfixturevalue(mode)
    first = kp.store_file(source)
    times_read = len(reads)
    assert kp.store_file(source) == first
    assert kp.store_file(source, "other") == first.replace("recording.dat", "other")
    assert len(reads) == times_read


def test_a_changed_file_is_read_again(storage: Path, source: Path) -> None:
    first = kp.store_file(source)
    stats = source.stat()
    with source.open("r+b") as file:
        file.write(b"changed")
    os.utime(source, ns=(stats.st_atime_ns, stats.st_mtime_ns))
    second = kp.store_file(source)
    assert second != first
    assert sha1_of(source.read_bytes()) in second
    assert storage.exists()


def test_a_file_that_is_gone_from_the_store_is_stored_again(storage: Path, source: Path) -> None:
    uri = kp.store_file(source)
    path = kp.load_file(uri)
    assert path is not None
    os.unlink(path)
    assert kp.store_file(source) == uri
    assert kp.load_file(uri) == path
    assert storage.exists()


def test_a_young_file_is_not_remembered(storage: Path, tmp_path: Path) -> None:
    path = tmp_path / "young.dat"
    path.write_bytes(bytes(SIZE))
    hour_ahead = path.stat().st_mtime + 3600
    os.utime(path, (hour_ahead, hour_ahead))
    kp.store_file(path)
    assert recall(path.stat()) is None
    assert storage.exists()


def test_a_small_file_is_not_worth_remembering(tmp_path: Path) -> None:
    path = tmp_path / "small.dat"
    path.write_bytes(b"x")
    remember(path.stat(), KnownContent("a" * 40))
    assert recall(path.stat()) is None


def test_what_is_remembered(source: Path) -> None:
    stats = source.stat()
    assert recall(stats) is None
    for content in (KnownContent("a" * 40), KnownContent("a" * 40, "b" * 40)):
        remember(stats, content)
        assert recall(stats) == content


@pytest.mark.parametrize("text", ["", "x", "a" * 39, "a" * 40 + " ", "a" * 40 + " " + "b" * 39])
def test_a_broken_entry_is_forgotten(home: Path, source: Path, text: str) -> None:
    stats = source.stat()
    remember(stats, KnownContent("a" * 40, "b" * 40))
    (entry,) = (path for path in (home / ".cache").rglob("*") if path.is_file())
    entry.write_text(text)
    remembered = recall(stats)
    assert remembered is None or remembered == KnownContent("a" * 40)


def test_nothing_is_needed_of_it(
    storage: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert kp.store_file(source) == kp.store_file(source)
    assert storage.exists()


def test_it_does_not_grow_without_bounds(home: Path, source: Path) -> None:
    base = list(source.stat())
    for inode in range(2000):
        base[1] = inode
        remember(os.stat_result([*base[:6], SIZE, *base[7:]]), KnownContent("a" * 40))
    folders = (home / ".cache" / "kachery-p2p" / "hashes").iterdir()
    assert max(len(list(folder.iterdir())) for folder in folders) <= 256
