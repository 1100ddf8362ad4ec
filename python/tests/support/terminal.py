"""Programs of users on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from typing import Callable

_PATIENCE_SECONDS = 60


def on_a_terminal(
    program: str, *arguments: str, when_shown: Callable[[str], object] = lambda shown: None
) -> str:
    """What a program writes to standard error, where that is a terminal.

    ``when_shown`` is told all of it whenever there is more, while the program is under way.
    """
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = [sys.executable, "-c", program, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    shown = b""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while select.select([master], [], [], max(0, deadline - time.monotonic()))[0]:
            piece = os.read(master, 4096)
            if not piece:
                break
            shown += piece
            when_shown(shown.decode(errors="replace"))
        else:
            process.kill()
    except OSError:
        pass  # Its end, on Linux.
    finally:
        os.close(master)
    assert process.wait(timeout=_PATIENCE_SECONDS) == 0, shown
    return shown.decode()
