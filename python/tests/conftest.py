"""What every test runs in: an environment of its own, and a daemon where it wants one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from support.daemon import Daemon

from kachery_p2p._grpc_environment import prepare_grpc

if TYPE_CHECKING:
    from support.scripted_daemon import ScriptedDaemon

# How long an example takes says nothing on a machine that others use too.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Gives the run a temporary directory of its own, which other runs leave alone."""
    # Test modules import the stub, and so gRPC, before anything of the package is used.
    prepare_grpc()
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="kachery-p2p-python-")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home directory, and no settings."""
    for name in list(os.environ):
        if name.startswith(("KACHERY", "XDG_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Offline mode, in an empty storage directory."""
    storage = tmp_path / "storage"
    storage.mkdir()
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(storage))
    return storage


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that many tests use; nothing that they store is in the way of others."""
    daemon = Daemon(tmp_path_factory.mktemp("daemon"))
    yield daemon
    daemon.stop()


@pytest.fixture
def daemon(shared_daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """Online mode, as somebody on the daemon's machine who does not own it."""
    use_daemon(monkeypatch, shared_daemon)
    return shared_daemon


@pytest.fixture
def own_daemon(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """Online mode, as the owner of the daemon."""
    monkeypatch.setenv("KACHERY_P2P_CONFIG_DIR", str(daemon.config_dir))
    return daemon


@pytest.fixture
def new_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """Online mode, with a daemon that the test may stop, kill and start again."""
    daemon = Daemon(tmp_path / "daemon")
    use_daemon(monkeypatch, daemon)
    yield daemon
    daemon.kill()


@pytest.fixture(scope="session")
def shared_remote_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose storage directory has a path that means nothing to others."""
    if not Path("/proc/self/cwd").exists():
        pytest.skip("SKIPPED: hiding a storage directory needs /proc")
    home = tmp_path_factory.mktemp("remote")
    daemon = Daemon(home, storage_dir="/proc/self/cwd/storage")
    yield daemon
    daemon.stop()


@pytest.fixture
def remote_daemon(shared_remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """Online mode, as somebody who cannot see the daemon's storage directory."""
    use_daemon(monkeypatch, shared_remote_daemon)
    monkeypatch.setenv("KACHERY_P2P_CLIENT_TOKEN", shared_remote_daemon.client_token())
    return shared_remote_daemon


@pytest.fixture
def scripted_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedDaemon]:
    """Online mode, with a process in the place of a daemon that answers as the test says."""
    # They import gRPC, which must be prepared before.
    from support.scripted_daemon import ScriptedDaemon

    from kachery_p2p import v1

    daemon = ScriptedDaemon(tmp_path / "scripted")
    daemon.answer("GetNode", v1.GetNodeResponse(node_id="a" * 64, storage_dir="/nowhere"))
    use_daemon(monkeypatch, daemon)
    yield daemon
    daemon.stop()


def use_daemon(monkeypatch: pytest.MonkeyPatch, daemon: Daemon | ScriptedDaemon) -> None:
    """Lets clients find a daemon."""
    monkeypatch.setenv("KACHERY_P2P_API_HOST", "127.0.0.1")
    monkeypatch.setenv("KACHERY_P2P_API_PORT", str(daemon.port))
