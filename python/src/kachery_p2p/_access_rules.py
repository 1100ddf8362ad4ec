"""Which nodes may submit to a subfeed, in the form that kachery-p2p 0.8 gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ._errors import KacheryError, failure
from ._node_id import parse_node_id


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
