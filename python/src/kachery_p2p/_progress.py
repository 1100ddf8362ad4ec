"""Progress bars, on a terminal or in a notebook only."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ._cancellation import check_cancelled
from ._limits import MIN_PROGRESS_BYTES
from ._progress_bar import is_bar_wanted, open_bar


class Progress:
    """How far a transfer is, as a bar if somebody can see it. A context manager.

    Telling it of progress raises ``cancelled`` if the transfer is not wanted any more.

    Args:
        what: What is being done, such as ``"Storing a.dat"``.
        size: Bytes to move; small transfers have no bar.
    """

    def __init__(self, what: str, size: int) -> None:
        self._bar: Any | None = None
        if size >= MIN_PROGRESS_BYTES and is_bar_wanted():
            self._bar = open_bar(what, size)

    def set(self, done: int) -> None:
        """Tells how many bytes have been moved."""
        check_cancelled()
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def add(self, count: int) -> None:
        """Tells that so many bytes more have been moved."""
        check_cancelled()
        if self._bar is not None:
            self._bar.update(count)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
