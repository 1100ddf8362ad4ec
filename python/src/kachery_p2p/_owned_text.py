"""Small files that may be traps: whoever holds a daemon's port names its storage directory."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

_MAX_BYTES = 4096
# Without O_NONBLOCK, opening a FIFO would wait for its other end.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class OwnedText(NamedTuple):
    """A small text file, and who owns it.

    Attributes:
        text: Its content, without white space around it.
        user_id: Its owner.
    """

    text: str
    user_id: int


def read_owned_text(path: str) -> OwnedText | None:
    """The file, if it is readable, small and regular, and has no other name."""
    try:
        fd = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return None
    try:
        stats = os.fstat(fd)
        if not stat.S_ISREG(stats.st_mode) or stats.st_nlink != 1 or stats.st_size > _MAX_BYTES:
            return None
        return OwnedText(os.read(fd, _MAX_BYTES).decode("ascii").strip(), stats.st_uid)
    except (OSError, ValueError):
        return None
    finally:
        os.close(fd)


def read_client_token(storage_dir: str, node_id: str) -> str | None:
    """The client token in a node's storage directory, if this user may read it.

    The token must belong to the user who marked the directory as the node's, and the directory
    must not be another user's, or another user's secret could be had there.
    """
    # Both files are to be of one directory, also if a link on the way to it is changed meanwhile.
    directory = os.path.realpath(storage_dir)
    mark = read_owned_text(os.path.join(directory, "kachery-node-id"))
    token = read_owned_text(os.path.join(directory, "client-auth"))
    if mark is None or token is None or (mark.text, mark.user_id) != (node_id, token.user_id):
        return None
    try:
        keeper = os.stat(directory).st_uid
    except OSError:
        return None
    # This user himself and the administrator may have made it for the other one.
    return (token.text or None) if keeper in (token.user_id, os.getuid(), 0) else None
