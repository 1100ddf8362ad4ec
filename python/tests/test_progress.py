"""Progress bars: where somebody can see them, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.content import sparse_file
from support.daemon import Daemon
from support.program import run_program
from support.terminal import on_a_terminal

PROGRAM = "import sys, kachery_p2p as kp; print(kp.load_file(kp.store_file(sys.argv[1])))"


@pytest.fixture(params=["storage", "remote_daemon"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    request.getfixturevalue(request.param)
    return sparse_file(tmp_path / "large.dat", request.param.encode(), 80 * 1024 * 1024)


def test_a_large_transfer_on_a_terminal_has_a_bar(source: Path) -> None:
    shown = on_a_terminal(PROGRAM, str(source))
    assert "Storing large.dat" in shown
    assert "80.0M" in shown


def test_the_bar_can_be_turned_off(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KACHERY_P2P_PROGRESS", "0")
    assert on_a_terminal(PROGRAM, str(source)) == ""


def test_elsewhere_there_is_none(source: Path) -> None:
    # It fails if anything comes on standard error.
    assert len(run_program(PROGRAM, str(source)).splitlines()) == 1


def test_a_small_transfer_has_none(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "small.dat").write_bytes(b"x")
    assert on_a_terminal(PROGRAM, str(tmp_path / "small.dat")) == ""
    assert daemon.process is not None
