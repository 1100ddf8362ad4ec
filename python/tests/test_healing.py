"""Stored bytes that were changed on disk: storing the same again heals them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.content import generated, sha1_of, stored
from support.daemon import Daemon

import kachery_p2p as kp
from kachery_p2p._hash_memory import is_settled

Place = Callable[[str], Path]
Store = Callable[[bytes, Path], str]

MODES = ("storage", "daemon", "own_daemon", "remote_daemon")
WAYS: dict[str, Store] = {
    "bytes": lambda content, _: kp.store_bytes(content),
    "batch": lambda content, _: kp.store_bytes_batch([content])[0],
    "file": lambda _, source: kp.store_file(source),
    "files": lambda _, source: kp.store_files([source])[0],
}


@pytest.fixture(params=MODES)
def place_of(request: pytest.FixtureRequest) -> Place:
    """Where the bytes of a hash are kept, in each mode."""
    home: Daemon | Path = request.getfixturevalue(request.param)
    return home.stored if isinstance(home, Daemon) else lambda sha1: stored(home, sha1)


def content_of(request: pytest.FixtureRequest, size: int) -> bytes:
    """Content that no other test stores."""
    name = request.node.name.encode()
    return name + generated(size - len(name))


def source_of(content: bytes, path: Path) -> Path:
    """A file that is old enough to be known again."""
    path.write_bytes(content)
    wait_until_settled(path)
    return path


def wait_until_settled(path: Path) -> None:
    """Lets the clock of the file system tick, so that a change shows in the file's times."""
    while not is_settled(path.stat()):
        pass


def damage(path: Path) -> None:
    """Flips a bit; everything else stays."""
    wait_until_settled(path)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    path.chmod(0o444)


@pytest.mark.parametrize("size", [1_000, 300_000, 1_500_000])
@pytest.mark.parametrize("way", WAYS)
def test_damaged_content_heals(
    place_of: Place, way: str, size: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    content = content_of(request, size)
    source = source_of(content, tmp_path / "source.dat")
    uri = WAYS[way](content, source)
    path = place_of(sha1_of(content))
    damage(path)
    assert path.read_bytes() != content
    assert WAYS[way](content, source) == uri
    assert path.read_bytes() == content


def test_damaged_content_and_its_manifest_heal(
    place_of: Place, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    content = content_of(request, 20_500_000)
    source = source_of(content, tmp_path / "source.dat")
    uri = kp.store_file(source)
    paths = [place_of(sha1_of(content)), place_of(uri.partition("?manifest=")[2])]
    whole = [path.read_bytes() for path in paths]
    for path in paths:
        damage(path)
        assert kp.store_file(source) == uri
        assert [path.read_bytes() for path in paths] == whole


def test_a_good_copy_stays_as_it_is(storage: Path, tmp_path: Path) -> None:
    content = generated(1_500_000)
    uri = kp.store_bytes(content)
    path = stored(storage, sha1_of(content))
    before = path.stat()
    assert kp.store_bytes(content) == uri
    assert kp.store_file(source_of(content, tmp_path / "file.dat")) == uri
    assert path.stat() == before


def test_a_copy_of_somebody_else_is_known_once_it_was_compared(
    storage: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = generated(1_500_000)
    monkeypatch.setenv("HOME", str(tmp_path / "somebody else"))
    kp.store_bytes(content)
    wait_until_settled(stored(storage, sha1_of(content)))
    monkeypatch.setenv("HOME", str(home))
    source = source_of(content, tmp_path / "source.dat")
    uri = kp.store_file(source)
    monkeypatch.setattr("kachery_p2p._source.FileSource.pieces", None)
    assert kp.store_file(source) == uri


def test_linking_over_a_damaged_copy_heals_it_offline(storage: Path, tmp_path: Path) -> None:
    content = os.urandom(2_000_000)
    source = source_of(content, tmp_path / "source.dat")
    uri = kp.store_file(source)
    damage(stored(storage, sha1_of(content)))
    kp.link_file(source)
    assert kp.load_bytes(uri, 0, len(content)) == content
    assert stored(storage, sha1_of(content)).read_bytes() == content
