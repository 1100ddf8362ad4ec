"""Which other nodes may be asked for a file that is not here."""

from __future__ import annotations

from dataclasses import dataclass

from ._errors import failure
from ._node_id import parse_node_id


@dataclass(frozen=True)
class SourceSelection:
    """Which other nodes may be asked, as the message of that name says it.

    Attributes:
        node_id: Only this one; empty for any.
        channel: Only those of this joined channel: its address or its label; empty for any.
        local_only: Nobody is asked.
    """

    node_id: str = ""
    channel: str = ""
    local_only: bool = False


ALL_SOURCES = SourceSelection()
"""Every node that joined channels authorise."""

NO_SOURCES = SourceSelection(local_only=True)
"""Nobody: only what is here counts."""


def select_sources(p2p: bool, from_node: str | None, from_channel: str | None) -> SourceSelection:
    """The selection that a user's options make. Raises ``invalid-argument``."""
    if from_node is None and from_channel is None:
        return ALL_SOURCES if p2p else NO_SOURCES
    node_id = "" if from_node is None else parse_node_id(from_node, "from_node")
    channel = "" if from_channel is None else _parse_channel(from_channel)
    return SourceSelection(node_id, channel, not p2p)


def _parse_channel(channel: object) -> str:
    # Sent empty it would stand for every channel, which is not what was meant.
    if isinstance(channel, str) and channel:
        return channel
    message = "from_channel must be the address or the label of a joined channel; leave it out "
    message += "to ask the nodes of all of them."
    raise failure("invalid-argument", message, {"field": "from_channel"})
