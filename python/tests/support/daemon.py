"""Real daemons for tests: processes on a port of their own, in temporary directories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

REPOSITORY = Path(__file__).parents[3]
COMMAND = ("node", str(REPOSITORY / "dist" / "programs" / "cli" / "main.js"))


class Daemon:
    """A daemon process. ``stop`` or ``kill`` it, always.

    Args:
        home: Its home directory, with all that it keeps.
        port: Where its API is; 0 for any free port.
        storage_dir: Its storage directory, as it is told.
        arguments: Further arguments of ``start-daemon``.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        storage_dir: str | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.home = home
        self._arguments = arguments
        self.storage_dir = storage_dir or str(home / "storage")
        self.config_dir = home / "config"
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        for folder in (home, home / "storage", self.config_dir):
            folder.mkdir(mode=0o700, exist_ok=True, parents=True)
        (home / "storage").chmod(0o755)
        self.start()

    def start(self) -> None:
        """Starts it, on the port that it had before, and returns when it is ready."""
        arguments = [*COMMAND, "start-daemon", "--json", "--port", str(self.port)]
        arguments += ["--storage-dir", self.storage_dir, "--config-dir", str(self.config_dir)]
        arguments += self._arguments
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        log = self.home / "daemon.log"
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                arguments,
                cwd=self.home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        line = cast("IO[bytes]", self.process.stdout).readline()
        if not line:
            self.kill()
            raise RuntimeError(f"The daemon did not start: {log.read_text()[-2000:]}")
        ready = json.loads(line)
        self.port = ready["port"]
        self.node_id: str = ready["nodeId"]

    def stop(self) -> None:
        """Stops it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(signal.SIGKILL)

    def stored(self, sha1: str) -> Path:
        """Where its bytes of some content are, seen from here."""
        return self.home / "storage" / "sha1" / sha1[:2] / sha1[2:4] / sha1[4:6] / sha1

    def client_token(self) -> str:
        """The token of those who may read the storage directory."""
        return (self.home / "storage" / "client-auth").read_text().strip()

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        cast("IO[bytes]", process.stdout).close()
