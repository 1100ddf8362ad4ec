"""The bars that progress is shown with, and whether anybody could see one."""

from __future__ import annotations

import os
import sys
from typing import Any


def is_bar_wanted() -> bool:
    """Whether somebody can see a bar, on a terminal or in a notebook, and did not turn it off."""
    if os.environ.get("KACHERY_P2P_PROGRESS") == "0":
        return False
    return _is_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def open_bar(what: str, size: int | None) -> Any:
    """A tqdm bar that counts bytes, and vanishes when it is closed. ``size`` may be unknown."""
    from tqdm.auto import tqdm

    return tqdm(total=size, desc=what, unit="B", unit_scale=True, unit_divisor=1024, leave=False)


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"
