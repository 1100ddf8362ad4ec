"""Networks for tests: daemons that have joined a channel."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from .daemon import COMMAND, Daemon

CHANNEL = "test-channel"


class Network:
    """Daemons that have joined a channel of them all. ``stop`` it, always.

    Attributes:
        nodes: The daemons.
        channel: Path of the channel, which is its address.
    """

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        folder.mkdir(exist_ok=True)
        self.nodes: list[Daemon] = []
        self.channel = folder / "channel.yaml"
        try:
            ports = _free_ports(len(labels))
            for label, port in zip(labels, ports):
                place = ["--label", label, "--peer-host", "127.0.0.1", "--peer-port", str(port)]
                self.nodes.append(Daemon(folder / label, arguments=place))
            self.channel.write_text(self._channel_text(labels, ports[0]))
            for node in self.nodes:
                _run(node, "join-channel", str(self.channel))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends all daemons."""
        for node in self.nodes:
            node.kill()

    def _channel_text(self, labels: Sequence[str], first_port: int) -> str:
        nodes = (
            f"  - nodeId: {node.node_id}\n    nodeLabel: {label}\n"
            for node, label in zip(self.nodes, labels)
        )
        address = f"  - hostName: 127.0.0.1\n    port: {first_port}\n"
        head = f"channelLabel: {CHANNEL}\nbootstrapAddresses:\n{address}authorizedNodes:\n"
        return head + "".join(nodes)


def use_node(monkeypatch: pytest.MonkeyPatch, node: Daemon) -> None:
    """Online mode from here on, as the owner of a daemon."""
    for name, value in _settings(node).items():
        monkeypatch.setenv(name, value)


def _run(node: Daemon, *arguments: str) -> None:
    """Runs a command as the owner of a daemon."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(node.home), **_settings(node)}
    command = [*COMMAND, *arguments]
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def _settings(node: Daemon) -> dict[str, str]:
    return {
        "KACHERY_P2P_API_HOST": "127.0.0.1",
        "KACHERY_P2P_API_PORT": str(node.port),
        "KACHERY_P2P_CONFIG_DIR": str(node.config_dir),
    }


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all different."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
