"""Starting and stopping a daemon from Python."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import COMMAND, Daemon

import kachery_p2p as kp
from kachery_p2p._access_token import is_alive


@pytest.fixture
def installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The command on the PATH, and a free port; what was started is stopped."""
    command = home / "bin" / "kachery-p2p"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("KACHERY_P2P_API_PORT", str(listener.getsockname()[1]))
    yield home
    try:
        kp.stop_daemon()
    except kp.DaemonNotRunningError:
        return


def test_a_daemon_is_started_used_and_stopped(installed: Path) -> None:
    daemon = kp.start_daemon(label="from Python")
    assert is_alive(daemon.pid)
    assert daemon.address.endswith(":" + os.environ["KACHERY_P2P_API_PORT"])
    assert daemon.storage_dir == str(installed / "kachery-storage")
    assert daemon.config_dir == str(installed / ".kachery-p2p")
    assert kp.get_node_id() == daemon.node_id
    source = installed / "x.dat"
    source.write_bytes(b"x")
    assert kp.load_text(kp.store_file(source)) == "x"
    with pytest.raises(kp.AlreadyRunningError) as again:
        kp.start_daemon()
    assert again.value.reason == "already-running"
    kp.stop_daemon()
    assert not is_alive(daemon.pid)
    with pytest.raises(kp.DaemonNotRunningError):
        kp.stop_daemon()
    restarted = kp.start_daemon()
    assert restarted.node_id == daemon.node_id
    assert kp.get_node_id() == daemon.node_id


def test_where_things_are_can_be_chosen(installed: Path) -> None:
    (installed / "s").mkdir()
    daemon = kp.start_daemon(storage_dir=installed / "s", config_dir=str(installed / "c"))
    assert (daemon.storage_dir, daemon.config_dir) == (str(installed / "s"), str(installed / "c"))
    os.environ["KACHERY_P2P_CONFIG_DIR"] = daemon.config_dir
    kp.stop_daemon()
    del os.environ["KACHERY_P2P_CONFIG_DIR"]
    assert not is_alive(daemon.pid)


def test_without_the_command_it_says_how_to_install_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(kp.KacheryError, match="npm install"):
        kp.start_daemon()


def test_only_the_owner_stops_the_daemon(daemon: Daemon) -> None:
    with pytest.raises(kp.NotPermittedError) as caught:
        kp.stop_daemon()
    assert caught.value.reason == "owner-only"
    assert daemon.process is not None
    assert daemon.process.poll() is None
