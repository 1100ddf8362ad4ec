"""Programs of users, as processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Callable

_TESTS = Path(__file__).parents[1]
_FORK_WARNING = "ignore:This process:DeprecationWarning"


def run_program(source: str, *arguments: str, timeout: float = 60) -> str:
    """Runs a Python program in the test's environment; returns what it printed.

    It can import ``support``, and so can the processes that it spawns.
    Fails if it fails, hangs, or writes anything to standard error. Ends what it has forked.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            # From 3.12 on, Python warns of every fork of a process with threads, as gRPC's are.
            [sys.executable, "-W", _FORK_WARNING, "-c", textwrap.dedent(source), *arguments],
            env={**os.environ, "PYTHONPATH": str(_TESTS)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout)
        finally:
            end_group(process)
            errors.seek(0)
            said = errors.read()
            print(said, file=sys.stderr)
        assert (code, said) == (0, ""), said
        output.seek(0)
        return output.read()


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a group, and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Returns when something has happened; fails if it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)
