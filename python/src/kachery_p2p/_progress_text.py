"""What a bar says of a load, in words."""

from __future__ import annotations

from kachery_p2p import v1

_MOST_CHARACTERS = 24
"""Of a name: the line should fit a terminal."""

_SHORT_ID_DIGITS = 8

_STATES: dict[int, str] = {
    v1.LOAD_STATE_FINDING: "finding",
    v1.LOAD_STATE_CONNECTING: "connecting",
    v1.LOAD_STATE_VERIFYING: "verifying",
}


def progress_text(name: str, progress: v1.LoadProgress) -> str:
    """Such as ``Loading a.dat (from 3 nodes)`` or ``Loading a.dat (waiting for lab-a)``."""
    doing = f"Loading {_plain(name)}"
    state = _state_of(progress)
    return f"{doing} ({state})" if state else doing


def _state_of(progress: v1.LoadProgress) -> str:
    if progress.state == v1.LOAD_STATE_WAITING:
        return f"waiting for {_awaited(progress)}"
    if progress.state in _STATES:
        return _STATES[progress.state]
    giving = [source for source in progress.sources if not source.problem]
    if len(giving) == 1:
        return f"from {_name_of(giving[0])}"
    return f"from {len(giving)} nodes" if giving else ""


def _awaited(progress: v1.LoadProgress) -> str:
    """The nodes that a load waits for: those that have a problem, if it names any."""
    lost = [source for source in progress.sources if source.problem] or list(progress.sources)
    if not lost:
        return "a node"
    others = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return _name_of(lost[0]) + others


def _name_of(source: v1.LoadSource) -> str:
    return _plain(source.label) or source.node_id[:_SHORT_ID_DIGITS]


def _plain(name: str) -> str:
    """A name of somebody else's making, so that it cannot steer the terminal, nor fill it."""
    plain = "".join(each if each.isprintable() else "?" for each in name)
    return plain if len(plain) <= _MOST_CHARACTERS else plain[: _MOST_CHARACTERS - 1] + "…"
