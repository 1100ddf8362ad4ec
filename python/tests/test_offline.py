"""Storing and loading in a directory alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from support.content import generated, sha1_of, sparse_file, stored
from support.program import run_program

import kachery_p2p as kp

MISSING = "sha1://" + "0" * 40


def files_in(storage: Path) -> list[str]:
    return sorted(path.name for path in storage.rglob("*") if path.is_file())


def test_a_file_is_kept_read_only_under_its_hash_and_nothing_else_is(
    storage: Path, tmp_path: Path
) -> None:
    source = tmp_path / "some name.dat"
    source.write_bytes(b"content")
    uri = kp.store_file(source)
    sha1 = sha1_of(b"content")
    assert uri == f"sha1://{sha1}/some name.dat"
    assert files_in(storage) == [sha1]
    path = stored(storage, sha1)
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert kp.load_file(uri) == str(path)


def test_the_mode_of_stored_files_obeys_the_umask(storage: Path) -> None:
    old = os.umask(0o027)
    try:
        kp.store_text("for my group")
    finally:
        os.umask(old)
    path = stored(storage, sha1_of(b"for my group"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_labels(storage: Path, tmp_path: Path) -> None:
    source = tmp_path / "a?b#c"
    source.write_bytes(b"")
    empty = "sha1://da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert kp.store_file(source) == f"{empty}/a_b_c"
    assert kp.store_file(source, "x y") == f"{empty}/x y"
    assert kp.store_file(source, basename="old") == f"{empty}/old"
    assert kp.store_bytes(b"") == f"{empty}/file.dat"
    assert kp.store_text("", label="t") == f"{empty}/t"
    with pytest.raises(kp.InvalidArgumentError, match="label"):
        kp.store_file(source, "../x")


def test_paths_may_be_path_like_and_relative(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert kp.store_file("a.txt") == kp.store_file(Path("a.txt"))
    os.symlink("a.txt", "link.txt")
    assert kp.store_file("link.txt").endswith("/link.txt")
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", storage.name)
    assert kp.load_file(kp.store_file("a.txt")) == str(stored(storage, sha1_of(b"x")))


def test_the_originals_spelling_of_the_variable_works(
    storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = kp.store_text("x")
    monkeypatch.delenv("KACHERY_P2P_OFFLINE_STORAGE_DIR")
    monkeypatch.setenv("KACHERY_OFFLINE_STORAGE_DIR", str(storage))
    assert kp.load_text(uri) == "x"


def test_loading_what_is_not_there_gives_none(storage: Path) -> None:
    kp.store_text("something")
    assert kp.load_file(MISSING) is None
    assert kp.load_text(MISSING) is None
    assert kp.load_json(MISSING) is None
    assert kp.load_object(MISSING) is None
    assert kp.load_npy(MISSING) is None
    assert kp.load_pkl(MISSING) is None
    assert kp.load_bytes(MISSING, 0, 1) is None
    assert kp.load_bytes(MISSING) is None
    assert kp.get_file_info(MISSING) is None
    assert list(kp.load_bytes_batch([MISSING])) == [None]
    with pytest.raises(kp.NotFoundError, match="offline storage directory") as caught:
        kp.read_file(MISSING)
    assert caught.value.reason == "file-not-found"


def test_a_directory_that_does_not_exist_is_an_error_not_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(missing))
    for use in (lambda: kp.load_file(MISSING), lambda: kp.store_text("x")):
        with pytest.raises(kp.NotFoundError, match="does not exist") as caught:
            use()
        assert caught.value.reason == "path-not-found"
    assert not missing.exists()


@pytest.mark.usefixtures("storage")
def test_what_needs_a_daemon_says_so() -> None:
    for use in (kp.get_node_id, kp.stop_daemon, lambda: kp.find_file(MISSING)):
        with pytest.raises(kp.OfflineError, match="KACHERY_P2P_OFFLINE_STORAGE_DIR"):
            use()


def test_a_local_path_is_taken_as_it_is(storage: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("text")
    assert kp.load_file(str(source)) == str(source)
    assert kp.load_file(source) == str(source)
    assert kp.load_text(source) == "text"
    assert kp.load_bytes(source, 1, 3) == b"ex"
    copy = tmp_path / "copy.txt"
    assert kp.load_file(source, dest=copy) == str(copy)
    assert copy.read_text() == "text"
    with pytest.raises(kp.NotFoundError) as caught:
        kp.load_file(tmp_path / "missing")
    assert caught.value.reason == "path-not-found"
    with pytest.raises(kp.InvalidArgumentError) as refused:
        kp.load_file("feed://" + "0" * 64)
    assert refused.value.reason == "invalid-uri"
    assert files_in(storage) == []


def test_dest_is_a_writable_copy_that_replaces_what_is_there(storage: Path, tmp_path: Path) -> None:
    uri = kp.store_text("new")
    dest = tmp_path / "dest.txt"
    dest.write_text("old and longer")
    assert kp.load_file(uri, dest=dest) == str(dest)
    assert dest.read_text() == "new"
    assert os.access(dest, os.W_OK)
    assert stat.S_IMODE(dest.stat().st_mode) & 0o200
    assert [path.name for path in tmp_path.iterdir() if "dest" in path.name] == ["dest.txt"]
    assert kp.load_file(MISSING, dest=tmp_path / "none") is None
    assert not (tmp_path / "none").exists()
    with pytest.raises(kp.NotFoundError, match="folder") as caught:
        kp.load_file(uri, dest=tmp_path / "missing" / "x")
    assert caught.value.reason == "path-not-found"
    with pytest.raises(kp.InvalidArgumentError) as refused:
        kp.load_file(uri, dest=tmp_path)
    assert refused.value.reason == "not-a-regular-file"
    assert kp.load_text(uri) == "new"
    assert storage.exists()


def test_a_large_file_has_its_manifest_stored_beside(storage: Path, tmp_path: Path) -> None:
    content = generated(40_000_001)
    source = tmp_path / "large.bin"
    source.write_bytes(content)
    uri = kp.store_file(source)
    chunks = [content[start : start + 20_000_000] for start in range(0, len(content), 20_000_000)]
    manifest = kp.load_json("sha1://" + uri.partition("?manifest=")[2])
    assert manifest == {
        "size": len(content),
        "sha1": sha1_of(content),
        "chunks": [
            {"start": 0, "end": 20_000_000, "sha1": sha1_of(chunks[0])},
            {"start": 20_000_000, "end": 40_000_000, "sha1": sha1_of(chunks[1])},
            {"start": 40_000_000, "end": 40_000_001, "sha1": sha1_of(chunks[2])},
        ],
    }
    assert len(files_in(storage)) == 2
    assert kp.store_bytes(content, "large.bin") == uri


def test_a_stored_file_of_another_size_is_replaced(storage: Path) -> None:
    uri = kp.store_text("whole")
    path = stored(storage, sha1_of(b"whole"))
    path.unlink()
    path.write_bytes(b"who")
    assert kp.store_text("whole") == uri
    assert path.read_bytes() == b"whole"


def test_what_is_not_a_regular_file_is_refused_at_once(storage: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/null")):
        for store in (kp.store_file, kp.link_file):
            with pytest.raises(kp.InvalidArgumentError) as caught:
                store(path)
            assert caught.value.reason == "not-a-regular-file"
    with pytest.raises(kp.NotFoundError) as missing:
        kp.store_file(tmp_path / "missing")
    assert missing.value.reason == "path-not-found"
    assert isinstance(missing.value, FileNotFoundError)
    assert files_in(storage) == []


def test_reading_what_is_not_a_regular_file_is_refused_at_once(
    storage: Path, tmp_path: Path
) -> None:
    sha1 = sha1_of(b"taken")
    stored(storage, sha1).parent.mkdir(parents=True)
    for fifo in (tmp_path / "fifo", stored(storage, sha1)):
        os.mkfifo(fifo)
    paths = (tmp_path, tmp_path / "fifo", Path("/dev/null"), f"sha1://{sha1}")
    for path in paths:
        for load in (
            kp.load_bytes,
            lambda path: kp.load_bytes(path, 0, 1),
            lambda path: next(kp.read_file(path)),
            kp.load_text,
        ):
            with pytest.raises(kp.InvalidArgumentError) as caught:
                load(path)
            assert caught.value.reason == "not-a-regular-file"


def test_a_file_that_shrinks_while_it_is_stored_is_not_stored(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sparse_file(tmp_path / "shrinking", b"x", 8_000_000)
    pread = os.pread

    def shrinking(fd: int, count: int, offset: int) -> bytes:
        if offset > 4_000_000:
            os.truncate(source, 1_000_000)
        return pread(fd, count, offset)

    monkeypatch.setattr(os, "pread", shrinking)
    with pytest.raises(kp.ConflictError) as caught:
        kp.store_file(source)
    assert caught.value.reason == "file-changed"
    assert files_in(storage) == []


def test_a_file_that_grows_while_it_is_stored_is_not_stored(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sparse_file(tmp_path / "growing", b"x", 8_000_000)
    pread = os.pread

    def growing(fd: int, count: int, offset: int) -> bytes:
        with source.open("ab") as file:
            file.write(b"more")
        return pread(fd, count, offset)

    monkeypatch.setattr(os, "pread", growing)
    with pytest.raises(kp.ConflictError) as caught:
        kp.store_file(source)
    assert caught.value.reason == "file-changed"
    assert files_in(storage) == []


def test_batches_come_back_in_order(storage: Path, tmp_path: Path) -> None:
    contents = [str(k).encode() * k for k in range(50)] + [bytes(300_000)]
    uris = kp.store_bytes_batch(contents, "x")
    assert uris == [f"sha1://{sha1_of(content)}/x" for content in contents]
    assert list(kp.load_bytes_batch([*uris, MISSING])) == [*contents, None]
    paths = [tmp_path / f"f{k}" for k in range(len(contents))]
    for path, content in zip(paths, contents):
        path.write_bytes(content)
    expected = [f"sha1://{sha1_of(content)}/{path.name}" for path, content in zip(paths, contents)]
    assert kp.store_files(paths) == expected
    assert len(files_in(storage)) == len(set(contents))


def test_reading_as_a_stream(storage: Path) -> None:
    content = generated(3_000_000)
    uri = kp.store_bytes(content)
    pieces = list(kp.read_file(uri, 10))
    assert b"".join(pieces) == content[10:]
    assert max(map(len, pieces)) <= 1024 * 1024
    stream = kp.read_file(uri)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert storage.exists()


@pytest.mark.usefixtures("storage")
def test_file_info() -> None:
    uri = kp.store_text("text")
    info = kp.get_file_info(uri)
    assert info is not None
    assert (info.uri, info.size, info.is_linked) == (uri, 4, False)
    assert Path(info.path).read_text() == "text"


def test_many_processes_store_the_same_at_once(storage: Path) -> None:
    output = run_program(
        """
        import multiprocessing
        from support.work import store_the_same

        with multiprocessing.get_context("spawn").Pool(4) as pool:
            print(len(set(pool.map(store_the_same, range(16), chunksize=1))))
        """
    )
    assert output.strip() == "1"
    assert files_in(storage) == [sha1_of(bytes(2_000_000))]


def test_offline_does_without_grpc_and_numpy(storage: Path) -> None:
    run_program(
        """
        import sys
        import kachery_p2p as kp
        assert kp.load_text(kp.store_text("x")) == "x"
        assert not {"grpc", "numpy", "google.protobuf", "tqdm"} & set(sys.modules)
        """
    )
    assert len(files_in(storage)) == 1


def test_temporary_files_of_yesterday_are_removed(storage: Path) -> None:
    (storage / "tmp").mkdir()
    names = ("offline.old.tmp", "offline.new.tmp", "daemon.old.tmp")
    for name in names:
        (storage / "tmp" / name).write_bytes(b"x")
    for name in ("offline.old.tmp", "daemon.old.tmp"):
        os.utime(storage / "tmp" / name, (0, 0))
    kp.store_text("x")
    left = sorted(path.name for path in (storage / "tmp").iterdir())
    assert left == ["daemon.old.tmp", "offline.new.tmp"]
