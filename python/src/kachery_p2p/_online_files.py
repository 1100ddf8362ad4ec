"""Files through a daemon; what can be read here directly is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice

from kachery_p2p import v1

from ._batches import SmallContent, in_batches
from ._byte_range import check_range, resolve_end
from ._calls import call_long, call_unary, open_call, stream
from ._content_tree import ContentTree
from ._copy_file import copy_file
from ._errors import DeadlineExceededError, KacheryError, failure
from ._files import FileInfo, FileProvider
from ._hash_memory import KnownContent, is_settled, recall, remember
from ._hashing import hash_source
from ._limits import MAX_BATCH_URIS, MAX_SMALL_FILE_BYTES
from ._loaded_files import loaded_files
from ._local_read import read_local
from ._manifest import format_manifest, has_manifest
from ._remote_load import bring_to_node, download, download_to
from ._remote_read import item_failure, read_remote, read_small_remote
from ._session import Session
from ._source import FileSource, MemorySource, Source
from ._source_selection import ALL_SOURCES, SourceSelection
from ._stored_copies import has_good_manifest, is_whole, remember_copy
from ._upload import upload
from ._uri import FileUri, format_file_uri

_NOT_THERE = ("path-not-found", "path-not-permitted", "not-a-regular-file", "owner-only")


class OnlineFiles:
    """The files of a daemon's node. What the methods promise is said in ``Files``."""

    def __init__(self, session: Session, sources: SourceSelection = ALL_SOURCES) -> None:
        self._session = session
        self._storage: ContentTree | None = session.storage
        self._sources = _message_of(sources)

    def asking(self, sources: SourceSelection) -> OnlineFiles:
        return OnlineFiles(self._session, sources)

    def load(self, uri: FileUri) -> str:
        path = self._find(uri.sha1)
        if path is None:
            size = bring_to_node(self._session, uri, self._sources)
            path = self._find(uri.sha1) or download(self._session, uri, size, self._sources)
        return path

    def load_to(self, uri: FileUri, dest: str) -> None:
        path = self._find(uri.sha1)
        if path is None:
            size = bring_to_node(self._session, uri, self._sources)
            path = self._find(uri.sha1)
            if path is None:
                return download_to(self._session, uri, size, self._sources, dest)
        return copy_file(path, dest)

    def find_range(self, sha1: str, start: int, end: int) -> bytearray | None:
        return (self._storage or loaded_files()).read_range(sha1, start, end)

    def read(self, uri: FileUri, start: int, end: int | None) -> Iterator[bytes | memoryview]:
        check_range(start, end)
        path = self._find(uri.sha1)
        if path is not None:
            return read_local(path, start, end)
        if start == end:
            resolve_end(start, end, self._size_of(uri))
            return iter(())
        return read_remote(self._session, str(uri), start, end, self._sources)

    def stat(self, uri: FileUri) -> FileInfo:
        request = v1.StatFileRequest(uri=str(uri))
        file = call_unary(self._session, lambda to: to.files.StatFile, request).file
        return FileInfo(
            uri=file.uri,
            sha1=file.sha1,
            size=file.size_bytes,
            manifest_sha1=file.manifest_sha1 or None,
            path=file.local_path,
            is_linked=file.location == v1.FILE_LOCATION_LINKED,
        )

    def store_file(self, source: FileSource, label: str) -> str:
        known = recall(source.stat)
        if known is not None and self._is_whole(known, source.size):
            return format_file_uri(known.sha1, label, known.manifest_sha1)
        was_settled = is_settled(source.stat)
        content = self._store_by_path(source)
        if content is None or not self._has_manifest(content, source.size):
            content = self._store_known(source, content or known, label)
        if was_settled and content != known:
            remember(source.stat, content)
        if self._storage is not None:
            remember_copy(self._storage, content)
        return format_file_uri(content.sha1, label, content.manifest_sha1)

    def store(self, source: Source, label: str) -> str:
        if source.size <= MAX_SMALL_FILE_BYTES:
            return self.store_small([(b"".join(source.pieces()), label)])[0]
        stored = self._store_known(source, None, label)
        return format_file_uri(stored.sha1, label, stored.manifest_sha1)

    def store_small(self, contents: Sequence[SmallContent]) -> list[str]:
        sha1s = [hashlib.sha1(data, usedforsecurity=False).hexdigest() for data, _ in contents]
        missing = [
            content
            for content, sha1 in zip(contents, sha1s)
            if not (self._storage and self._storage.holds(sha1, MemorySource(content[0])))
        ]
        batches = (batch for batch in in_batches(missing) if not isinstance(batch, str))
        failures = [error for batch in batches for error in self._send_batch(batch)]
        if failures:
            raise failures[0]
        return [format_file_uri(sha1, label) for sha1, (_, label) in zip(sha1s, contents)]

    def load_small(self, uris: Iterable[FileUri]) -> Iterator[bytes | None]:
        rest = iter(uris)
        while group := list(islice(rest, MAX_BATCH_URIS)):
            paths = [self._find(uri.sha1) for uri in group]
            absent = [uri for uri, path in zip(group, paths) if path is None]
            remote = read_small_remote(self._session, absent)
            for uri, path in zip(group, paths):
                if path is not None:
                    yield b"".join(read_local(path, 0, None))
                else:
                    yield self._small_content(uri, next(remote))

    def link(self, source: FileSource, label: str) -> str:
        if not self._session.access.is_local_owner:
            raise failure(
                "owner-only",
                "Only the owner of the daemon may link files, on the machine where the daemon "
                "runs. Use store_file instead, or ask the owner.",
            )
        request = v1.LinkFileRequest(path=os.path.abspath(source.path), label=label)
        response = call_long(self._session, lambda to: to.files.LinkFile, request)
        return response.file.uri

    def providers(self, uri: FileUri, timeout: float | None) -> Generator[FileProvider, None, None]:
        request = v1.FindFileRequest(uri=str(uri), sources=self._sources)
        try:
            with open_call(self._session) as (connection, metadata):
                find = connection.files.FindFile
                call = stream(lambda: find(request, timeout=timeout, metadata=metadata))
                with closing(call) as nodes:
                    for node in nodes:
                        yield FileProvider(node.node_id, node.is_local, node.size_bytes, node.label)
        except DeadlineExceededError:
            # Who has not answered by now is not waited for.
            return

    def _find(self, sha1: str) -> str | None:
        """Path of a file that can be read here: in the storage directory, or loaded before."""
        if self._storage is not None:
            try:
                path = self._storage.find(sha1)
            except KacheryError:
                # The daemon may have, or find, another copy; if not, it says what is wrong.
                return None
            if path is not None:
                return path
        return loaded_files().find(sha1)

    def _size_of(self, uri: FileUri) -> int:
        """Size of a file, without bringing it here; as another node claims, if it is not here."""
        try:
            return self.stat(uri).size
        except KacheryError as error:
            if error.reason != "file-not-found":
                raise
            with closing(self.providers(uri, None)) as found:
                for provider in found:
                    return provider.size
            raise

    def _is_whole(self, content: KnownContent, size: int) -> bool:
        return self._storage is not None and is_whole(self._storage, content, size)

    def _has_manifest(self, content: KnownContent, size: int) -> bool:
        return self._storage is not None and has_good_manifest(self._storage, content, size)

    def _store_by_path(self, source: FileSource) -> KnownContent | None:
        """Has the daemon read the file itself, which is fastest; None if it cannot."""
        if self._storage is None or not self._session.access.is_local_owner:
            return None
        request = v1.StoreLocalFileRequest(path=os.path.abspath(source.path), label="")
        try:
            file = call_long(self._session, lambda to: to.files.StoreLocalFile, request).file
        except KacheryError as error:
            if error.reason in _NOT_THERE:
                return None
            raise
        # Seen from the daemon, the path may name another file, as in a container.
        return _content_of(file) if file.size_bytes == source.size else None

    def _store_known(
        self, source: Source, content: KnownContent | None, label: str
    ) -> KnownContent:
        """Sends content, hashed here if its hash is not known, if the daemon does not have it."""
        if content is None:
            content = KnownContent(hash_source(source, label).sha1)
        missing = self._missing(content)
        if content.sha1 in missing:
            return _content_of(upload(self._session, source, content.sha1, label))
        if not has_manifest(source.size) or (content.manifest_sha1 and not missing):
            return content
        manifest = None if missing else self.stat(FileUri(content.sha1)).manifest_sha1
        return KnownContent(content.sha1, manifest or self._store_manifest(source, label))

    def _missing(self, content: KnownContent) -> Sequence[str]:
        """What the daemon does not have, or not intact, of a content and its known manifest."""
        request = v1.FindMissingFilesRequest(sha1s=filter(None, content))
        # It may take its time: what was written to since it was stored is hashed.
        response = call_long(self._session, lambda to: to.files.FindMissingFiles, request)
        return response.missing_sha1s

    def _store_manifest(self, source: Source, label: str) -> str | None:
        """Makes the manifest of a file that was stored by other programs without one."""
        manifest = format_manifest(*hash_source(source, label, with_chunks=True), source.size)
        if manifest is None:
            return None
        self.store(MemorySource(manifest), "")
        return hashlib.sha1(manifest, usedforsecurity=False).hexdigest()

    def _send_batch(self, batch: Sequence[SmallContent]) -> Iterator[KacheryError]:
        """Stores a batch; gives the failures in it."""
        files = [v1.SmallFile(content=content, label=label) for content, label in batch]
        request = v1.StoreFilesRequest(files=files)
        response = call_long(self._session, lambda to: to.files.StoreFiles, request)
        for result, (_, label) in zip(response.results, batch):
            if result.HasField("error"):
                yield item_failure(result.error, label)

    def _small_content(self, uri: FileUri, result: bytes | KacheryError) -> bytes | None:
        """The content that a batch brought, or that it was too small for."""
        if isinstance(result, bytes):
            return result
        if result.reason == "file-not-found":
            return None
        if result.reason == "too-large":
            with open(self.load(uri), "rb") as file:
                return file.read()
        raise result


def _message_of(sources: SourceSelection) -> v1.SourceSelection | None:
    if sources == ALL_SOURCES:
        return None
    return v1.SourceSelection(
        node_id=sources.node_id, channel=sources.channel, local_only=sources.local_only
    )


def _content_of(file: v1.FileInfo) -> KnownContent:
    return KnownContent(file.sha1, file.manifest_sha1 or None)
