"""Streams from the daemon that go on when the connection broke."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Callable, TypeVar

from ._cancellation import pause
from ._errors import KacheryError
from ._session import Session, renewed

Item = TypeVar("Item")

PAUSES_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Before each new try; a try that got further starts the list anew."""

INTERRUPTIONS = ("daemon-not-running", "daemon-stopping", "too-busy", "upload-offset-mismatch")
"""Failures after which a transfer can go on."""


def resuming(
    session: Session, go_on: Callable[[Session], Generator[Item, None, None]]
) -> Generator[Item, None, None]:
    """The items of a stream. ``go_on`` opens it where it is, again if it was interrupted."""
    tries, most_tries = 0, 1
    while True:
        try:
            with closing(go_on(session)) as items:
                for item in items:
                    tries, most_tries = 0, len(PAUSES_SECONDS)
                    yield item
            return
        except KacheryError as error:
            if error.reason not in INTERRUPTIONS or tries == most_tries:
                raise
        pause(PAUSES_SECONDS[tries])
        tries += 1
        session = renewed(session)
