"""Storing and loading through a daemon on this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from conftest import use_daemon
from support.content import generated, sha1_of
from support.daemon import Daemon

import kachery_p2p as kp
from kachery_p2p import _online_files

MISSING = "sha1://" + "0" * 40


@pytest.fixture(params=["daemon", "own_daemon"])
def local(request: pytest.FixtureRequest) -> Daemon:
    """A daemon whose storage directory is visible, as its owner and as somebody else."""
    return request.getfixturevalue(request.param)


def test_a_file_is_stored_and_its_path_in_the_storage_directory_loaded(
    local: Daemon, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    content = generated(3_000_000) + request.node.name.encode()
    source = tmp_path / "a b.dat"
    source.write_bytes(content)
    uri = kp.store_file(source)
    assert uri == f"sha1://{sha1_of(content)}/a b.dat"
    assert kp.load_file(uri) == str(local.stored(sha1_of(content)))
    assert local.stored(sha1_of(content)).read_bytes() == content
    copy = tmp_path / "copy"
    assert kp.load_file(uri, dest=copy) == str(copy)
    assert copy.read_bytes() == content


def test_the_owners_daemon_reads_the_file_itself(
    own_daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the file was hashed here")

    monkeypatch.setattr(_online_files, "hash_source", refuse)
    monkeypatch.chdir(tmp_path)
    Path("owned.dat").write_bytes(b"owned" * 1_000_000)
    uri = kp.store_file("owned.dat")
    assert uri == f"sha1://{sha1_of(b'owned' * 1_000_000)}/owned.dat"
    assert own_daemon.stored(sha1_of(b"owned" * 1_000_000)).exists()


def test_an_empty_file(local: Daemon, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    uri = kp.store_file(tmp_path / "empty")
    assert kp.load_text(uri) == ""
    assert kp.load_bytes(uri) == b""
    assert local.process is not None


def test_what_nobody_has_is_none(local: Daemon) -> None:
    assert kp.load_file(MISSING) is None
    assert kp.load_text(MISSING) is None
    assert kp.load_npy(MISSING) is None
    assert kp.load_bytes(MISSING, 0, 1) is None
    assert kp.load_bytes(MISSING, 1, 1) is None
    assert kp.get_file_info(MISSING) is None
    assert list(kp.find_file(MISSING)) == []
    assert list(kp.load_bytes_batch([MISSING])) == [None]
    with pytest.raises(kp.NotFoundError):
        list(kp.read_file(MISSING))
    assert local.process is not None


def test_who_the_node_is_and_what_it_has(local: Daemon) -> None:
    assert kp.get_node_id() == local.node_id
    uri = kp.store_text("found")
    assert list(kp.find_file(uri)) == [kp.FileProvider(local.node_id, True, 5, "")]
    info = kp.get_file_info(uri)
    assert info == kp.FileInfo(
        uri, sha1_of(b"found"), 5, None, str(local.stored(sha1_of(b"found"))), False
    )


def test_batches_come_back_in_order(local: Daemon, request: pytest.FixtureRequest) -> None:
    prefix = request.node.name.encode()
    contents = [prefix + str(k).encode() for k in range(1500)] + [bytes(2_000_000)]
    uris = kp.store_bytes_batch(contents, "x")
    assert uris == [f"sha1://{sha1_of(content)}/x" for content in contents]
    assert list(kp.load_bytes_batch([*uris, MISSING])) == [*contents, None]
    assert local.process is not None


def test_files_of_all_sizes_in_a_batch(local: Daemon, tmp_path: Path) -> None:
    sizes = [0, 1, 1000, 300_000, 5, 6_000_000, 7]
    paths = [tmp_path / f"f{k}" for k in range(len(sizes))]
    for path, size in zip(paths, sizes):
        path.write_bytes(generated(size))
    expected = [f"sha1://{sha1_of(generated(size))}/f{k}" for k, size in enumerate(sizes)]
    assert kp.store_files(paths) == expected
    assert local.process is not None


def test_large_arrays(local: Daemon) -> None:
    array = np.random.default_rng(1).random((1000, 400))
    loaded = kp.load_npy(kp.store_npy(array), mmap_mode="r")
    np.testing.assert_array_equal(loaded, array)  # type: ignore[arg-type]
    assert local.process is not None


def test_ranges_of_a_large_file(local: Daemon) -> None:
    content = generated(25_000_000)
    uri = kp.store_bytes(content)
    assert kp.load_bytes(uri, 19_999_990, 20_000_010) == content[19_999_990:20_000_010]
    assert kp.load_bytes(uri) == content
    with pytest.raises(kp.RangeBeyondEndError) as caught:
        kp.load_bytes(uri, 5, len(content) + 1)
    assert caught.value.details["size"] == str(len(content))
    assert local.process is not None


def test_only_the_owner_links(local: Daemon, tmp_path: Path) -> None:
    source = tmp_path / "linked.dat"
    source.write_bytes(b"linked " + str(tmp_path).encode())
    if "KACHERY_P2P_CONFIG_DIR" not in os.environ:
        with pytest.raises(kp.NotPermittedError) as caught:
            kp.link_file(source)
        assert caught.value.reason == "owner-only"
        return
    uri = kp.link_file(source)
    assert kp.load_file(uri) == str(source)
    assert kp.load_bytes(uri, 0, 6) == b"linked"
    info = kp.get_file_info(uri)
    assert info is not None
    assert info.is_linked
    stats = source.stat()
    source.write_bytes(b"LINKED " + str(tmp_path).encode())
    os.utime(source, ns=(stats.st_atime_ns, stats.st_mtime_ns + 10**9))
    for load in (kp.load_file, kp.load_bytes, kp.get_file_info):
        with pytest.raises(kp.ContentCorruptError) as corrupt:
            load(uri)
        assert corrupt.value.reason == "content-corrupt"
    assert local.process is not None


def test_what_is_not_a_regular_file_is_refused(local: Daemon, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(kp.InvalidArgumentError) as caught:
            kp.store_file(path)
        assert caught.value.reason == "not-a-regular-file"
    assert local.process is not None


def test_the_storage_directory_of_the_daemon_may_be_named(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other_name = tmp_path / "mounted here"
    other_name.symlink_to(daemon.storage_dir)
    monkeypatch.setenv("KACHERY_STORAGE_DIR", str(other_name))
    path = kp.load_file(kp.store_text("x"))
    assert path is not None
    assert path.startswith(str(other_name))


@pytest.mark.parametrize("content", [None, "f" * 64])
def test_another_storage_directory_is_refused(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "kachery-node-id").write_text(content)
    monkeypatch.setenv("KACHERY_STORAGE_DIR", str(tmp_path))
    with pytest.raises(kp.StorageMismatchError, match="KACHERY_STORAGE_DIR") as caught:
        kp.store_text("x")
    assert caught.value.reason == "storage-mismatch"
    monkeypatch.setenv("KACHERY_STORAGE_DIR", daemon.storage_dir)
    assert kp.load_text(kp.store_text("x")) == "x"


def test_no_daemon_is_an_error_that_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("KACHERY_P2P_API_PORT", str(port))
    for use in (kp.get_node_id, lambda: kp.load_file(MISSING), lambda: kp.store_text("x")):
        with pytest.raises(kp.DaemonNotRunningError, match="start-daemon") as caught:
            use()
        assert caught.value.reason == "daemon-not-running"
        assert isinstance(caught.value, ConnectionError)


def test_what_is_no_daemon_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("KACHERY_P2P_API_PORT", str(listener.getsockname()[1]))
        monkeypatch.setattr("kachery_p2p._session.UNARY_TIMEOUT_SECONDS", 0.2)
        with pytest.raises(kp.KacheryError) as caught:
            kp.get_node_id()
        assert caught.value.reason in ("deadline-exceeded", "daemon-not-running")


@pytest.mark.parametrize("port", ["0", "x", "65536", "-1", "1" * 1000, "٣"])
def test_a_port_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("KACHERY_P2P_API_PORT", port)
    with pytest.raises(kp.InvalidArgumentError, match="KACHERY_P2P_API_PORT"):
        kp.get_node_id()


def test_a_token_is_needed(remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KACHERY_P2P_CLIENT_TOKEN")
    assert kp.get_node_id() == remote_daemon.node_id
    with pytest.raises(kp.NotPermittedError) as missing:
        kp.load_file(MISSING)
    assert missing.value.reason == "token-missing"
    monkeypatch.setenv("KACHERY_P2P_CLIENT_TOKEN", "wrong" * 8)
    with pytest.raises(kp.NotPermittedError) as invalid:
        kp.load_file(MISSING)
    assert invalid.value.reason == "token-invalid"


def test_the_owner_token_goes_to_the_owners_daemon_only(
    daemon: Daemon, remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever listens where the owner's daemon was gets the token of those who may read."""
    monkeypatch.setenv("KACHERY_P2P_CONFIG_DIR", str(remote_daemon.config_dir))
    use_daemon(monkeypatch, daemon)
    monkeypatch.delenv("KACHERY_P2P_CLIENT_TOKEN")
    assert kp.load_text(kp.store_text("x")) == "x"
    with pytest.raises(kp.NotPermittedError):
        kp.stop_daemon()


def test_one_process_uses_two_daemons(
    daemon: Daemon, remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids: list[str] = []
    for each in (daemon, remote_daemon, daemon):
        use_daemon(monkeypatch, each)
        ids.append(kp.get_node_id())
    assert ids == [daemon.node_id, remote_daemon.node_id, daemon.node_id]
