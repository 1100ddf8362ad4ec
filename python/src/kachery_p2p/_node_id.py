"""Ids of nodes, checked at the door."""

from __future__ import annotations

import re
from typing import Any

from ._errors import failure, quoted

_NODE_ID = re.compile(r"[0-9a-f]{64}")


def parse_node_id(node_id: Any, field: str = "node_id") -> str:
    """A node's id. Raises ``invalid-argument``, with the name of the field in its details."""
    if isinstance(node_id, str) and _NODE_ID.fullmatch(node_id):
        return node_id
    message = f"{quoted(str(node_id))} is not the id of a node: 64 digits 0-9 and a-f are needed."
    raise failure("invalid-argument", message, {"field": field})
