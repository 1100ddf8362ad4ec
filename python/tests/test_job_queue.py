"""examples/job_queue.py, as processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import pytest
from support.daemon import REPOSITORY, Daemon

import kachery_p2p as kp

PROGRAM = (sys.executable, str(REPOSITORY / "examples" / "job_queue.py"), "--feed")


class Program:
    """The example, running. ``close`` it, always."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line that it prints."""
        return cast("IO[str]", self.process.stdout).readline().strip()

    def end(self) -> tuple[int, list[str], str]:
        """Exit code, lines and complaints, when it has ended by itself."""
        lines, complaints = self.process.communicate(timeout=60)
        return self.process.returncode, lines.splitlines(), complaints

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in started:
        program.close()


@pytest.fixture
def arrays(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.npy" for name in "abc"]
    for number, path in enumerate(paths):
        np.save(path, np.arange(12.0).reshape(3, 4) + number)
    return paths


def summary(path: Path, number: int) -> str:
    parts = {"shape": [3, 4], "min": 0.0 + number, "mean": 5.5 + number, "max": 11.0 + number}
    return f"{path}: {parts}"


def test_jobs_are_done_once_whoever_stops(
    new_daemon: Daemon, programs: list[Program], arrays: list[Path], tmp_path: Path
) -> None:
    def start(*arguments: str | Path) -> Program:
        programs.append(Program("queue", *arguments))
        return programs[-1]

    worker = start("work")
    assert start("submit", arrays[0]).end() == (0, [summary(arrays[0], 0)], "")
    assert worker.line() == f"job 0: {arrays[0]}"

    new_daemon.stop()
    new_daemon.start()
    assert start("submit", arrays[1]).end() == (0, [summary(arrays[1], 1)], "")
    assert worker.line() == f"job 1: {arrays[1]}"

    worker.process.send_signal(signal.SIGINT)
    assert worker.end() == (130, [], "")
    text = tmp_path / "no array.txt"
    text.write_text("no array")
    submission = start("submit", arrays[2], text)
    jobs = kp.load_feed("queue").get_subfeed("jobs", position=2)
    assert jobs.get_next_message(60_000)["name"] == str(arrays[2])
    start("work")
    code, lines, complaints = submission.end()
    assert (code, complaints, lines[0]) == (1, "", summary(arrays[2], 2))
    assert "'error': " in lines[1]
    results = kp.load_feed("queue").get_subfeed("results")
    assert [result["job"] for result in results] == [0, 1, 2, 3]


def test_without_a_daemon_it_says_so(
    monkeypatch: pytest.MonkeyPatch, programs: list[Program]
) -> None:
    monkeypatch.setenv("KACHERY_P2P_API_PORT", "1")
    programs.append(Program("queue", "work"))
    code, lines, complaints = programs[0].end()
    assert (code, lines) == (2, [])
    assert "No kachery-p2p daemon answers" in complaints
