"""Connections that break, daemons that stop, users that press Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.content import generated, sha1_of, sparse_file
from support.daemon import Daemon
from support.program import wait_until
from support.proxy import CuttingProxy

import kachery_p2p as kp

MIB = 1024 * 1024
STORE = """
    import sys
    import kachery_p2p as kp
    print(kp.store_file(sys.argv[1]))
"""
LOAD = """
    import sys
    import kachery_p2p as kp
    print(kp.load_file(sys.argv[1]))
"""


class Program:
    """A Python program of a user that is under way."""

    def __init__(self, source: str, *arguments: str) -> None:
        command = [sys.executable, "-c", textwrap.dedent(source), *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def wait_until(self, happened: Callable[[], bool]) -> None:
        """Returns when something has happened, while it is under way."""

        def has_ended_or_happened() -> bool:
            return happened() or self.process.poll() is not None

        wait_until(has_ended_or_happened)
        assert self.process.poll() is None, self.process.communicate()

    def press_ctrl_c(self) -> None:
        """Interrupts it; it must end at once, by KeyboardInterrupt."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=30)
        assert errors.rstrip().endswith("KeyboardInterrupt"), errors
        assert self.process.returncode in (-signal.SIGINT, 1, 130)

    def finish(self) -> str:
        """Waits for it to end well; what it printed."""
        output, errors = self.process.communicate(timeout=120)
        assert (self.process.returncode, errors) == (0, ""), errors
        return output.strip()


def any_bytes(folder: Path, pattern: str) -> Callable[[], bool]:
    """Whether a file with some bytes has come into a folder."""

    def happened() -> bool:
        for path in folder.glob(pattern):
            try:
                if path.stat().st_size > 0:
                    return True
            except FileNotFoundError:
                continue
        return False

    return happened


def empty(folder: Path, pattern: str) -> Callable[[], bool]:
    return lambda: not list(folder.glob(pattern))


def storage_of(daemon: Daemon) -> Path:
    return daemon.home / "storage"


def test_an_upload_goes_on_after_the_connection_broke(
    remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = generated(24 * MIB)
    with CuttingProxy(remote_daemon.port, cut_up=12 * MIB) as proxy:
        monkeypatch.setenv("KACHERY_P2P_API_PORT", str(proxy.port))
        uri = kp.store_bytes(content)
        assert proxy.cuts == 1
        # What the daemon kept was not sent again.
        assert proxy.passed["up"] < 34 * MIB
    assert remote_daemon.stored(sha1_of(content)).read_bytes() == content
    assert sha1_of(content) in uri


def test_a_download_goes_on_after_the_connection_broke(
    remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = generated(24 * MIB + 1)
    uri = kp.store_bytes(content)
    with CuttingProxy(remote_daemon.port, cut_down=12 * MIB) as proxy:
        monkeypatch.setenv("KACHERY_P2P_API_PORT", str(proxy.port))
        assert b"".join(kp.read_file(uri, 1)) == content[1:]
        assert proxy.cuts == 1
        path = kp.load_file(uri)
    assert path is not None
    assert Path(path).read_bytes() == content


def test_a_daemon_that_was_started_anew_is_found_again(new_daemon: Daemon) -> None:
    uri = kp.store_text("before")
    new_daemon.stop()
    with pytest.raises(kp.DaemonNotRunningError):
        kp.get_file_info(uri)
    new_daemon.start()
    assert kp.get_file_info(uri) is not None
    new_daemon.kill()
    new_daemon.start()
    assert kp.load_text(kp.store_text("after")) == "after"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_upload_survives_a_restart_of_the_daemon(
    new_daemon: Daemon, tmp_path: Path, how: str
) -> None:
    source = sparse_file(tmp_path / "large", how.encode(), 256 * MIB)
    uploads = storage_of(new_daemon) / "uploads"
    with Program(STORE, str(source)) as program:
        program.wait_until(any_bytes(uploads, "*.part"))
        getattr(new_daemon, how)()
        new_daemon.start()
        uri = program.finish()
    sha1 = uri[7:47]
    assert new_daemon.stored(sha1).stat().st_size == 256 * MIB
    assert not list(uploads.glob("*.part"))


def test_ctrl_c_ends_an_upload(new_daemon: Daemon, tmp_path: Path) -> None:
    source = sparse_file(tmp_path / "large", b"up", 1024 * MIB)
    with Program(STORE, str(source)) as program:
        program.wait_until(any_bytes(storage_of(new_daemon) / "uploads", "*.part"))
        program.press_ctrl_c()
    wait_until(empty(storage_of(new_daemon) / "uploads", "*"))
    assert kp.load_text(kp.store_text("the daemon goes on")) == "the daemon goes on"


def test_ctrl_c_ends_the_daemons_own_reading(
    new_daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KACHERY_P2P_CONFIG_DIR", str(new_daemon.config_dir))
    source = sparse_file(tmp_path / "large", b"own", 2048 * MIB)
    temporary = storage_of(new_daemon) / "tmp"
    with Program(STORE, str(source)) as program:
        program.wait_until(any_bytes(temporary, "daemon.*.tmp"))
        program.press_ctrl_c()
    wait_until(empty(temporary, "daemon.*.tmp"))
    assert kp.load_text(kp.store_text("the daemon goes on")) == "the daemon goes on"


def test_ctrl_c_ends_a_download(home: Path, remote_daemon: Daemon, tmp_path: Path) -> None:
    uri = kp.store_file(sparse_file(tmp_path / "large", b"down", 512 * MIB))
    temporary = home / ".cache" / "kachery-p2p" / "files" / "tmp"
    with Program(LOAD, uri) as program:
        program.wait_until(any_bytes(temporary, "offline.*.tmp"))
        program.press_ctrl_c()
    assert list(temporary.iterdir()) == []
    remote_daemon.stored(uri[7:47]).unlink()


def test_ctrl_c_ends_an_offline_store(storage: Path, tmp_path: Path) -> None:
    source = sparse_file(tmp_path / "large", b"offline", 1024 * MIB)
    with Program(STORE, str(source)) as program:
        program.wait_until(any_bytes(storage / "tmp", "offline.*.tmp"))
        program.press_ctrl_c()
    assert [path for path in storage.rglob("*") if path.is_file()] == []


def test_a_reader_that_stops_early_leaves_nothing_open(remote_daemon: Daemon) -> None:
    uri = kp.store_bytes(bytes(30 * MIB))
    for _ in range(20):
        stream = kp.read_file(uri)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    assert kp.load_bytes(uri, 0, 5) == bytes(5)
    assert remote_daemon.process is not None


def test_many_threads(remote_daemon: Daemon) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for k in range(5):
                content = os.urandom(1_200_000)
                uri = kp.store_bytes(content, f"{number}-{k}")
                assert b"".join(kp.read_file(uri)) == content
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert remote_daemon.process is not None
