"""A storage directory whose disk is full, or that cannot be written."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.content import generated

import kachery_p2p as kp


@pytest.fixture
def tiny_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Offline mode, on a file system of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0755", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("SKIPPED: a full disk needs the right to mount a tmpfs")
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(disk))
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_full_disk_leaves_nothing_behind(tiny_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(generated(6_000_000))
    for store in (
        lambda: kp.store_file(tmp_path / "large"),
        lambda: kp.store_bytes(generated(6_000_000)),
    ):
        with pytest.raises(kp.StorageFullError, match=str(tiny_disk)) as caught:
            store()
        assert caught.value.reason == "disk-full"
        assert isinstance(caught.value, OSError)
        assert files_in(tiny_disk) == []


def test_what_is_stored_already_can_be_stored_again_on_a_full_disk(
    tiny_disk: Path, tmp_path: Path
) -> None:
    content = generated(2_500_000)
    (tmp_path / "large").write_bytes(content)
    uri = kp.store_bytes(content, "large")
    assert kp.store_file(tmp_path / "large") == uri
    assert kp.store_bytes(content, "large") == uri
    assert len(files_in(tiny_disk)) == 1


def test_a_copy_that_does_not_fit_leaves_nothing_behind(tiny_disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(generated(6_000_000))
    with pytest.raises(kp.StorageFullError):
        kp.load_file(source, dest=tiny_disk / "copy")
    assert list(tiny_disk.iterdir()) == []


def test_a_read_only_file_system_says_so_but_has_what_it_has(tiny_disk: Path) -> None:
    uri = kp.store_text("there")
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(kp.StorageNotWritableError, match="read-only"):
        kp.store_text("not there")
    assert kp.store_text("there") == uri
    assert kp.load_text(uri) == "there"
