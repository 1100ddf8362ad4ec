"""What gRPC reads from the environment when it is imported."""

from __future__ import annotations

import os


def prepare_grpc() -> None:
    """Call it before the first import of what uses gRPC. The user's own choices stay."""
    # Forked processes, such as those of multiprocessing, can then use gRPC too.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")
    # With epoll, which is no faster for few connections, a fork to start a program aborts at times.
    os.environ.setdefault("GRPC_POLL_STRATEGY", "poll")
    # Its notes are not for the user of this package, who gets an exception.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
