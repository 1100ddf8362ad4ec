"""What is shown of a load that other nodes take part in."""

from __future__ import annotations

import io
from typing import Any

import grpc
import pytest
from support.program import run_program, wait_until
from support.scripted_daemon import ScriptedDaemon
from support.terminal import on_a_terminal
from tqdm import tqdm

from kachery_p2p import _load_bar, v1
from kachery_p2p._load_bar import LoadBar
from kachery_p2p._progress_text import progress_text

URI = "sha1://" + "0" * 40 + "/a.dat"
LARGE = 100 * 1024 * 1024
PROGRAM = "import sys, kachery_p2p as kp; print(kp.load_file(sys.argv[1]))"


def source(label: str, problem: str = "") -> v1.LoadSource:
    return v1.LoadSource(node_id="0123456789abcdef" * 4, label=label, problem=problem)


WAITING = v1.LoadProgress(
    state=v1.LOAD_STATE_WAITING, sources=[source("hub"), source("lab-a", "it went away")]
)
DOWNLOADING = v1.LoadProgress(
    state=v1.LOAD_STATE_DOWNLOADING,
    loaded_bytes=LARGE // 4,
    size_bytes=LARGE,
    sources=[source("a"), source("b"), source("c"), source("d", "it sent other bytes")],
)


@pytest.mark.parametrize(
    ("state", "sources", "text"),
    [
        (v1.LOAD_STATE_UNSPECIFIED, [], "Loading a.dat"),
        (v1.LOAD_STATE_DOWNLOADING, [], "Loading a.dat"),
        (v1.LOAD_STATE_DOWNLOADING, [source("lab-a")], "Loading a.dat (from lab-a)"),
        (v1.LOAD_STATE_DOWNLOADING, [source("")], "Loading a.dat (from 01234567)"),
        (v1.LOAD_STATE_DOWNLOADING, [source("a"), source("b")], "Loading a.dat (from 2 nodes)"),
        (v1.LOAD_STATE_DOWNLOADING, [source("a"), source("b", "x")], "Loading a.dat (from a)"),
        (v1.LOAD_STATE_FINDING, [], "Loading a.dat (finding)"),
        (v1.LOAD_STATE_CONNECTING, [], "Loading a.dat (connecting)"),
        (v1.LOAD_STATE_VERIFYING, [source("a")], "Loading a.dat (verifying)"),
        (v1.LOAD_STATE_WAITING, [], "Loading a.dat (waiting for a node)"),
        (v1.LOAD_STATE_WAITING, [source("a")], "Loading a.dat (waiting for a)"),
        (v1.LOAD_STATE_WAITING, [source("", "x")], "Loading a.dat (waiting for 01234567)"),
        (
            v1.LOAD_STATE_WAITING,
            [source("a"), source("b", "x"), source("c", "x"), source("d", "x")],
            "Loading a.dat (waiting for b and 2 more)",
        ),
    ],
)
def test_the_text_tells_the_state(
    state: v1.LoadState.ValueType, sources: list[v1.LoadSource], text: str
) -> None:
    assert progress_text("a.dat", v1.LoadProgress(state=state, sources=sources)) == text


def test_a_state_of_a_newer_daemon_is_passed_over() -> None:
    progress = v1.LoadProgress.FromString(b"\x08\x63")
    assert progress_text("a.dat", progress) == "Loading a.dat"


def test_names_of_others_cannot_steer_the_terminal() -> None:
    hostile = source("\x1b[2J\x9b\r\n\u202e" + "x" * 100)
    progress = v1.LoadProgress(state=v1.LOAD_STATE_WAITING, sources=[hostile])
    text = progress_text("\x1b" + "y" * 250, progress)
    assert text.isprintable()
    assert len(text) < 80


def test_a_load_that_waits_tells_for_whom(scripted_daemon: ScriptedDaemon) -> None:
    scripted_daemon.answer(
        "LoadFile",
        v1.LoadFileResponse(progress=WAITING),
        waits=True,
        reason="FILE_NOT_FOUND",
        code=grpc.StatusCode.NOT_FOUND,
    )

    def look(shown: str) -> None:
        if "Loading a.dat (waiting for lab-a)" in shown:
            scripted_daemon.go_on()

    on_a_terminal(PROGRAM, URI, when_shown=look)


def test_a_daemon_that_tells_nothing_has_a_bar_too(scripted_daemon: ScriptedDaemon) -> None:
    scripted_daemon.answer(
        "LoadFile", waits=True, reason="FILE_NOT_FOUND", code=grpc.StatusCode.NOT_FOUND
    )

    def look(shown: str) -> None:
        if "Loading a.dat" in shown:
            scripted_daemon.go_on()

    on_a_terminal(PROGRAM, URI, when_shown=look)


def test_a_large_load_tells_how_many_nodes_give(scripted_daemon: ScriptedDaemon) -> None:
    tell_large_load(scripted_daemon)
    shown = on_a_terminal(PROGRAM, URI)
    assert "Loading a.dat (from 3 nodes)" in shown
    assert "25.0M/100M" in shown


def tell_large_load(daemon: ScriptedDaemon) -> None:
    daemon.answer(
        "LoadFile",
        v1.LoadFileResponse(progress=DOWNLOADING),
        reason="FILE_NOT_FOUND",
        code=grpc.StatusCode.NOT_FOUND,
    )


def test_nothing_is_shown_where_nobody_sees_it(
    scripted_daemon: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_large_load(scripted_daemon)
    # It fails if anything comes on standard error.
    assert run_program(PROGRAM, URI) == "None\n"
    monkeypatch.setenv("KACHERY_P2P_PROGRESS", "0")
    assert on_a_terminal(PROGRAM, URI) == ""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Where bars are drawn in this process."""
    screen = io.StringIO()

    def open_bar(what: str, size: int | None) -> Any:
        return tqdm(total=size, desc=what, unit="B", file=screen, ncols=100, leave=False)

    monkeypatch.setattr(_load_bar, "is_bar_wanted", lambda: True)
    monkeypatch.setattr(_load_bar, "open_bar", open_bar)
    return screen


def test_the_bar_of_a_small_load_goes_on_when_its_size_is_known(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_load_bar, "_MOMENT_SECONDS", 0.01)
    with LoadBar("a.dat") as bar:
        bar.show(v1.LoadProgress(state=v1.LOAD_STATE_FINDING))
        wait_until(lambda: "Loading a.dat (finding): 0B" in screen.getvalue())
        bar.show(WAITING)
        wait_until(lambda: "(waiting for lab-a)" in screen.getvalue())
        half = v1.LoadProgress(
            state=v1.LOAD_STATE_DOWNLOADING,
            loaded_bytes=50,
            size_bytes=100,
            sources=[source("hub")],
        )
        bar.show(half)
        wait_until(lambda: "Loading a.dat (from hub):  50%" in screen.getvalue())
    assert screen.getvalue().endswith("\r")


def test_a_small_load_that_takes_but_a_moment_has_no_bar(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_load_bar, "_MOMENT_SECONDS", 3600)
    with LoadBar("a.dat") as bar:
        bar.show(WAITING)
        assert screen.getvalue() == ""
        bar.show(DOWNLOADING)
        assert "(from 3 nodes)" in screen.getvalue()
