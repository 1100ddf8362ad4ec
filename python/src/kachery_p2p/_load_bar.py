"""A bar for what the daemon tells of a load."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from kachery_p2p import v1

from ._cancellation import check_cancelled
from ._limits import MIN_PROGRESS_BYTES
from ._progress_bar import is_bar_wanted, open_bar
from ._progress_text import progress_text

_MOMENT_SECONDS = 1.0
"""A load of any size that takes longer has a bar; it is drawn anew so often."""


class LoadBar:
    """How far the daemon is with a file, and what it waits for, if somebody can see it.

    A context manager. A large file has a bar at once, any other one when it takes more than a
    moment.

    Args:
        name: The file's name, for people.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._progress = v1.LoadProgress()
        self._text = ""
        self._bar: Any | None = None
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._ticker: threading.Thread | None = None

    def show(self, progress: v1.LoadProgress) -> None:
        """Tells how far the load is. Raises ``cancelled`` if it is not wanted any more."""
        check_cancelled()
        if self._ticker is None:
            return
        with self._lock:
            self._progress = progress
            if self._bar is not None or progress.size_bytes >= MIN_PROGRESS_BYTES:
                self._draw()

    def __enter__(self) -> LoadBar:
        if is_bar_wanted():
            # The daemon may have nothing to tell for long, and then no call comes here.
            self._ticker = threading.Thread(target=self._tick, name="kachery-bar", daemon=True)
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        if self._ticker is not None:
            self._ticker.join()
        if self._bar is not None:
            self._bar.close()

    def _tick(self) -> None:
        while not self._is_over.wait(_MOMENT_SECONDS):
            with self._lock:
                self._draw().refresh()

    def _draw(self) -> Any:
        text = progress_text(self._name, self._progress)
        size = self._progress.size_bytes or None
        bar = self._bar
        if bar is None:
            bar = self._bar = open_bar(text, size)
        elif size is not None and bar.total != size:
            # The clock starts anew, so that the rate is that of the transfer.
            bar.reset(total=size)
        bar.update(self._progress.loaded_bytes - bar.n)
        bar.set_description(text, refresh=text != self._text)
        self._text = text
        return bar
