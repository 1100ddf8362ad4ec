"""Chooses the mode."""

from __future__ import annotations

from ._files import Files
from ._grpc_environment import prepare_grpc
from ._settings import read_settings


def current_files() -> Files:
    """Files in the mode that the environment asks for now.

    Raises ``daemon-not-running`` or ``storage-mismatch`` online, ``path-not-found`` offline.
    """
    settings = read_settings()
    # What a mode needs is imported when the mode is used: offline, gRPC is not.
    if settings.offline_storage_dir is not None:
        from ._offline_files import OfflineFiles

        return OfflineFiles(settings.offline_storage_dir)
    prepare_grpc()
    from ._online_files import OnlineFiles
    from ._session import session_for

    return OnlineFiles(session_for(settings))
