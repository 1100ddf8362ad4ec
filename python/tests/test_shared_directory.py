"""An offline storage directory that several users share."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.content import generated, sha1_of, stored

import kachery_p2p as kp

MISSING = "sha1://" + "0" * 40


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Offline mode, in a directory that everybody may write, and that nobody's home hides."""
    umask = os.umask(0)
    try:
        with tempfile.TemporaryDirectory(prefix="kachery-p2p-shared-") as folder:
            os.chmod(folder, 0o755)
            storage = Path(folder, "storage")
            storage.mkdir()
            monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(storage))
            yield storage
    finally:
        os.umask(umask)


@contextmanager
def as_another_user() -> Iterator[None]:
    """With the rights of nobody, or of this user, who then does not have more of them."""
    if os.geteuid() != 0:
        yield
        return
    if not hasattr(os, "setresuid"):
        pytest.skip("SKIPPED: root cannot become somebody else for a while on this system")
    nobody = pwd.getpwnam("nobody").pw_uid
    os.setresuid(nobody, nobody, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def forbid_writing(storage: Path) -> None:
    for folder, _, _ in os.walk(storage):
        os.chmod(folder, 0o555)


def test_what_another_user_keeps_to_himself_is_not_in_the_way(shared: Path) -> None:
    theirs = kp.store_text("theirs")
    for private in ("uploads", "quarantine", "index"):
        (shared / private).mkdir(mode=0)
    before = stored(shared, sha1_of(b"theirs")).stat()
    with as_another_user():
        with pytest.raises(PermissionError):
            list((shared / "uploads").iterdir())
        assert kp.load_text(theirs) == "theirs"
        assert kp.load_bytes(theirs, 1, 3) == b"he"
        assert kp.store_text("theirs") == theirs
        assert kp.load_text(kp.store_text("ours")) == "ours"
    assert stored(shared, sha1_of(b"theirs")).stat() == before


@pytest.mark.parametrize("has_folder", [True, False])
def test_a_directory_that_may_only_be_read(shared: Path, has_folder: bool) -> None:
    contents = [b"small", generated(1_500_000)]
    uris = [kp.store_bytes(content) for content in contents]
    if not has_folder:
        (shared / "tmp").rmdir()
    forbid_writing(shared)
    with as_another_user():
        assert [kp.load_bytes(uri) for uri in uris] == contents
        assert list(kp.load_bytes_batch([*uris, MISSING])) == [*contents, None]
        assert kp.load_file(MISSING) is None
        info = kp.get_file_info(uris[1])
        assert info is not None
        assert info.size == 1_500_000
        assert [kp.store_bytes(content) for content in contents] == uris
        with pytest.raises(kp.StorageNotWritableError, match=str(shared)) as caught:
            kp.store_bytes(b"new")
        assert caught.value.reason == "storage-not-writable"


def test_what_may_not_be_read_is_not_there(shared: Path) -> None:
    uri = kp.store_text("secret")
    stored(shared, sha1_of(b"secret")).chmod(0)
    with as_another_user():
        assert kp.load_text(uri) is None
        assert kp.load_bytes(uri, 0, 1) is None
        assert kp.load_text(kp.store_text("secret")) == "secret"
