"""Channels and the other nodes of them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable

import pytest
from support.daemon import Daemon

import kachery_p2p as kp
from kachery_p2p import aio

OTHER = "2" * 64


def channel_file(folder: Path, *node_ids: str, label: str = "the-lab") -> str:
    """Writes the file of a channel; returns its path."""
    lines = [f"channelLabel: {label}", "authorizedNodes:"]
    for node_id in node_ids:
        lines += [f"  - nodeId: {node_id}", "    nodeLabel: Anna", "    isDataProxy: true"]
    path = folder / f"{label}.yaml"
    path.write_text("\n".join(lines))
    return str(path)


def test_a_channel_is_joined_told_and_left(own_daemon: Daemon, tmp_path: Path) -> None:
    path = channel_file(tmp_path, own_daemon.node_id, OTHER)
    before = datetime.now(timezone.utc)
    joined = kp.join_channel(path, relay=True, public=True)
    assert (joined.address, joined.label, joined.is_authorized) == (path, "the-lab", True)
    assert joined.roles == kp.ChannelRoles(relay=True, public=True)
    assert joined.granted_roles == kp.ChannelRoles(relay=True, public=False)
    assert (joined.authorized_nodes, joined.connected_nodes, joined.problem) == (2, 0, "")
    assert joined.read_at is not None
    assert abs((joined.read_at - before).total_seconds()) < 600
    assert "isPublic: true" in joined.advice
    assert [channel.address for channel in kp.get_channels()] == [path]
    (peer,) = kp.get_peers()
    assert (peer.node_id, peer.label, peer.channels) == (OTHER, "Anna", (path,))
    assert (peer.is_connected, peer.link, peer.round_trip_sec) == (False, None, None)
    assert (peer.connected_at, peer.clock_offset_sec, peer.received_bytes) == (None, None, 0)
    assert (peer.reached_addresses, peer.unreached_addresses) == ((), ())
    kp.leave_channel("the-lab")
    assert kp.get_channels() == []
    with pytest.raises(kp.NotFoundError) as caught:
        kp.leave_channel(path)
    assert caught.value.reason == "channel-not-joined"


def test_what_cannot_be_joined_is_told(own_daemon: Daemon, tmp_path: Path) -> None:
    with pytest.raises(kp.InvalidArgumentError, match="line 3, column 13") as invalid:
        kp.join_channel(channel_file(tmp_path, "x"))
    assert (invalid.value.reason, invalid.value.details["line"]) == ("channel-invalid", "3")
    with pytest.raises(kp.UnreachableError, match="no such file") as unavailable:
        kp.join_channel(str(tmp_path / "absent.yaml"))
    assert unavailable.value.reason == "channel-unavailable"
    with pytest.raises(kp.InvalidArgumentError, match="relative path"):
        kp.join_channel("lab.yaml")


def test_only_the_owner_joins_and_leaves(daemon: Daemon, tmp_path: Path) -> None:
    with pytest.raises(kp.NotPermittedError):
        kp.join_channel(channel_file(tmp_path, daemon.node_id))
    with pytest.raises(kp.NotPermittedError):
        kp.leave_channel("the-lab")
    assert kp.get_channels() == []


def test_asyncio(own_daemon: Daemon, tmp_path: Path) -> None:
    async def work() -> list[str]:
        await aio.join_channel(channel_file(tmp_path, own_daemon.node_id, OTHER, label="aio-lab"))
        told = [channel.label for channel in await aio.get_channels()]
        told += [peer.label for peer in await aio.get_peers()]
        await aio.leave_channel("aio-lab")
        return told

    assert asyncio.run(work()) == ["aio-lab", "Anna"]


@pytest.mark.parametrize(
    "call",
    [
        kp.get_channels,
        kp.get_peers,
        lambda: kp.join_channel("https://example.org/x"),
        lambda: kp.leave_channel("x"),
    ],
)
@pytest.mark.usefixtures("storage")
def test_offline_there_are_none(call: Callable[[], object]) -> None:
    with pytest.raises(kp.OfflineError):
        call()
