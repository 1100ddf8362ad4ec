"""Files without a daemon: in a storage directory, by this process itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

from ._content_tree import ContentTree
from ._copy_file import copy_file
from ._errors import KacheryError, failure
from ._files import FileInfo, FileProvider
from ._hash_memory import KnownContent, is_settled, recall, remember
from ._hashing import ContentHash, ContentHasher, hash_source
from ._incoming_file import incoming_content
from ._links import LinkRecord, mtime_seconds, read_link
from ._local_read import read_local
from ._manifest import format_manifest, manifest_sha1
from ._offline_errors import file_not_found, offline
from ._progress import Progress
from ._source import FileSource, MemorySource, Source
from ._source_selection import SourceSelection
from ._stored_copies import has_copy, has_good_manifest, is_whole, remember_copy
from ._uri import FileUri, format_file_uri

_NO_ROOM = ("disk-full", "storage-not-writable")
_READABLE_BY_ALL = 0o644


class OfflineFiles:
    """The files of a storage directory. What the methods promise is said in ``Files``.

    All of them raise ``path-not-found`` if the directory does not exist.
    """

    def __init__(self, directory: str) -> None:
        self._tree = ContentTree(
            directory if os.path.isabs(directory) else os.path.abspath(directory)
        )

    def asking(self, sources: SourceSelection) -> OfflineFiles:
        # Nobody is asked in any case.
        return self

    def load(self, uri: FileUri) -> str:
        path = self._tree.find(uri.sha1)
        if path is None:
            self._check_directory()
            raise file_not_found(uri, self._tree.root)
        return path

    def load_to(self, uri: FileUri, dest: str) -> None:
        copy_file(self.load(uri), dest)

    def find_range(self, sha1: str, start: int, end: int) -> bytearray | None:
        return self._tree.read_range(sha1, start, end)

    def read(self, uri: FileUri, start: int, end: int | None) -> Iterator[bytes]:
        return read_local(self.load(uri), start, end)

    def stat(self, uri: FileUri) -> FileInfo:
        path = self.load(uri)
        is_linked = path != self._tree.path_of(uri.sha1)
        link = read_link(f"{self._tree.path_of(uri.sha1)}.link") if is_linked else None
        manifest = link.manifest_sha1 if link else uri.manifest_sha1
        text = format_file_uri(uri.sha1, uri.label, manifest)
        return FileInfo(text, uri.sha1, os.stat(path).st_size, manifest, path, is_linked)

    def store_file(self, source: FileSource, label: str) -> str:
        content = recall(source.stat)
        if content is None or not is_whole(self._tree, content, source.size):
            was_settled = is_settled(source.stat)
            content = self._store(source, label)
            if was_settled:
                remember(source.stat, content)
        return format_file_uri(content.sha1, label, content.manifest_sha1)

    def store(self, source: Source, label: str) -> str:
        content = self._store(source, label)
        return format_file_uri(content.sha1, label, content.manifest_sha1)

    def store_small(self, contents: Sequence[tuple[bytes, str]]) -> list[str]:
        return [self.store(MemorySource(content), label) for content, label in contents]

    def load_small(self, uris: Iterable[FileUri]) -> Iterator[bytes | None]:
        self._check_directory()
        for uri in uris:
            path = self._tree.find(uri.sha1)
            yield None if path is None else b"".join(read_local(path, 0, None))

    def link(self, source: FileSource, label: str) -> str:
        self._check_directory()
        content = recall(source.stat)
        if content is None or not has_good_manifest(self._tree, content, source.size):
            was_settled = is_settled(source.stat)
            found = hash_source(source, label, with_chunks=True)
            content = KnownContent(found.sha1, self._store_manifest(found, source.size))
            if was_settled:
                remember(source.stat, content)
        if not has_copy(self._tree, content, source):
            if os.path.lexists(self._tree.path_of(content.sha1)):
                # Beside a damaged copy nobody would look for a link.
                self._store(source, label)
            else:
                self._write_link(source, content)
        return format_file_uri(content.sha1, label, content.manifest_sha1)

    def providers(self, uri: FileUri, timeout: float | None) -> Iterator[FileProvider]:
        raise offline("Nodes that have a file cannot be found")

    def _store(self, source: Source, label: str) -> KnownContent:
        self._check_directory()
        try:
            return self._write(source, label)
        except KacheryError as error:
            if error.reason not in _NO_ROOM:
                raise
            # What is stored already needs no room.
            found = hash_source(source, label, with_chunks=True)
            content = KnownContent(found.sha1, manifest_sha1(*found, source.size))
            has_content = has_copy(self._tree, content, source)
            if not (has_content and has_good_manifest(self._tree, content, source.size)):
                raise
            return content

    def _write(self, source: Source, label: str) -> KnownContent:
        """Writes content into the tree and hashes it beside, in one pass over it."""
        with ExitStack() as stack:
            incoming = stack.enter_context(incoming_content(self._tree))
            hasher = stack.enter_context(ContentHasher(source.size, with_chunks=True))
            progress = stack.enter_context(Progress(f"Storing {label}", source.size))
            for piece in source.pieces():
                hasher.update(piece)
                incoming.write(piece)
                progress.add(len(piece))
            source.check_unchanged()
            found = hasher.finish()
            content = KnownContent(found.sha1, self._store_manifest(found, source.size))
            # A good copy stays: it may belong to somebody else, and be open somewhere.
            if not has_copy(self._tree, content, source):
                incoming.publish(self._tree, content.sha1)
                remember_copy(self._tree, content)
            return content

    def _store_manifest(self, found: ContentHash, size: int) -> str | None:
        """Stores the manifest of content that has one; returns its hash."""
        manifest = format_manifest(*found, size)
        return None if manifest is None else self._write(MemorySource(manifest), "").sha1

    def _write_link(self, source: FileSource, content: KnownContent) -> None:
        path, mtime = os.path.abspath(source.path), mtime_seconds(source.stat)
        record = LinkRecord(path, source.size, mtime, content.manifest_sha1)
        with incoming_content(self._tree, _READABLE_BY_ALL) as incoming:
            incoming.write(record.format())
            incoming.publish(self._tree, content.sha1, ".link")

    def _check_directory(self) -> None:
        if not os.path.isdir(self._tree.root):
            raise failure(
                "path-not-found",
                f"KACHERY_P2P_OFFLINE_STORAGE_DIR is {self._tree.root}, which does not exist. "
                'Create it with "mkdir -p", or unset the variable to use a daemon.',
                {"path": self._tree.root},
            )
