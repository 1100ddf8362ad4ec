"""How many calls of this process wait for messages at a time."""

from __future__ import annotations

import os

from ._errors import failure
from ._limits import MAX_FOLLOWS


class FollowPlace:
    """The place of a call that may wait for long, until it is closed.

    Raises ``too-busy`` if all are taken: then other calls might wait behind those that never end.
    """

    def __init__(self) -> None:
        if len(_taken) >= MAX_FOLLOWS:
            raise failure(
                "too-busy",
                f"This process waits for messages in {len(_taken)} calls already, follows and "
                f"others; {MAX_FOLLOWS} are allowed. Close some of the streams that follow() gave, "
                "or wait for many subfeeds in one call with watch_for_new_messages.",
                {"limit": str(MAX_FOLLOWS)},
            )
        _taken.add(self)

    def close(self) -> None:
        """Leaves it to others."""
        _taken.discard(self)


_taken: set[FollowPlace] = set()

# In a forked process the parent's calls are the parent's.
os.register_at_fork(after_in_child=_taken.clear)
