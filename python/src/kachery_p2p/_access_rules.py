"""Which nodes may submit to a subfeed, in the form that kachery-p2p 0.8 gave it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from ._errors import KacheryError, failure, quoted

_NODE_ID = re.compile(r"[0-9a-f]{64}")


def format_rules(rules: Mapping[str, bool]) -> dict[str, list[dict[str, Any]]]:
    """The rules as users see them."""
    return {"rules": [{"nodeId": node, "write": may} for node, may in rules.items()]}


def parse_rules(rules: Any) -> dict[str, bool]:
    """Node ids and whether they may write. Raises ``invalid-argument``."""
    parsed: dict[str, bool] = {}
    for rule in _items(rules):
        node_id, may_write = parse_node_id(rule.get("nodeId")), rule.get("write")
        if not isinstance(may_write, bool):
            raise _malformed('"write" is neither True nor False')
        if node_id in parsed:
            raise _malformed(f"the node {node_id} is named twice")
        parsed[node_id] = may_write
    return parsed


def parse_node_id(node_id: Any) -> str:
    """A node's id. Raises ``invalid-argument``."""
    if isinstance(node_id, str) and _NODE_ID.fullmatch(node_id):
        return node_id
    message = f"{quoted(str(node_id))} is not the id of a node: 64 digits 0-9 and a-f are needed."
    raise failure("invalid-argument", message, {"field": "node_id"})


def _items(rules: Any) -> list[Mapping[str, Any]]:
    items: Any = cast("Any", rules).get("rules") if isinstance(rules, Mapping) else None
    if isinstance(items, list):
        found = cast("list[Any]", items)
        if all(isinstance(item, Mapping) for item in found):
            return found
    raise _malformed('there is no list of dicts under "rules"')


def _malformed(problem: str) -> KacheryError:
    message = f'These are no access rules: {problem}. {{"rules": [{{"nodeId": "<64 hexadecimal '
    message += 'digits>", "write": True}]} is the form of them.'
    return failure("invalid-argument", message, {"field": "rules"})
