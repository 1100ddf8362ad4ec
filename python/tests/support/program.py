"""Programs of users, as processes of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import Callable


def run_program(source: str, *arguments: str, timeout: float = 120) -> str:
    """Runs a Python program in the test's environment; returns what it printed.

    Fails if it fails, hangs, or writes anything to standard error.
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Returns when something has happened; fails if it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)
