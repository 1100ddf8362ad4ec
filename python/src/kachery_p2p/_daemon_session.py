"""The daemon that the environment asks for, for what cannot be done without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._grpc_environment import prepare_grpc
from ._offline_errors import offline
from ._settings import read_settings

if TYPE_CHECKING:
    from ._session import Session


def daemon_session(problem: str) -> Session:
    """The session of the environment's daemon.

    Raises ``offline``, whose message begins with the problem, or ``daemon-not-running``.
    """
    settings = read_settings()
    if settings.offline_storage_dir is not None:
        raise offline(problem)
    prepare_grpc()
    from ._session import session_for

    return session_for(settings)
