"""This user's cache of files of daemons whose storage directory is not visible here."""

from __future__ import annotations

import os

from ._content_tree import ContentTree
from ._settings import cache_dir


def loaded_files() -> ContentTree:
    """The cache: in KACHERY_TEMP_DIR if that is set. It may be removed at any time."""
    chosen = os.environ.get("KACHERY_TEMP_DIR")
    home = os.path.join(os.path.abspath(chosen), "kachery-p2p") if chosen else cache_dir()
    return ContentTree(os.path.join(home, "files"))
