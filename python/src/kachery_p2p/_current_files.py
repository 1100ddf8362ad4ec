"""Chooses the mode."""

from __future__ import annotations

from functools import cache
from typing import Callable

from ._files import Files
from ._grpc_environment import prepare_grpc
from ._settings import Settings, read_settings


def current_files() -> Files:
    """Files in the mode that the environment asks for now.

    Raises ``daemon-not-running`` or ``storage-mismatch`` online, ``path-not-found`` offline.
    """
    settings = read_settings()
    if settings.offline_storage_dir is None:
        return _online_mode()(settings)
    return _offline_mode()(settings.offline_storage_dir)


# What a mode needs is imported when the mode is first used: offline, gRPC is not.


@cache
def _offline_mode() -> Callable[[str], Files]:
    from ._offline_files import OfflineFiles

    return OfflineFiles


@cache
def _online_mode() -> Callable[[Settings], Files]:
    prepare_grpc()
    from ._online_files import OnlineFiles
    from ._session import session_for

    return lambda settings: OnlineFiles(session_for(settings))
