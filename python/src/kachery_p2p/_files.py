"""What both modes can do with files: online through a daemon, offline on a directory alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ._source import FileSource, Source
from ._source_selection import SourceSelection
from ._uri import FileUri


@dataclass(frozen=True)
class FileInfo:
    """What is known of a stored file.

    Attributes:
        uri: Address of the file.
        sha1: Hash of the whole content, 40 hexadecimal digits.
        size: Size in bytes.
        manifest_sha1: Hash of the file's manifest, where there is one and it is known.
        path: Where the bytes are, on the machine of the node.
        is_linked: Whether they are kept where they were, not in the storage directory.
    """

    uri: str
    sha1: str
    size: int
    manifest_sha1: str | None
    path: str
    is_linked: bool


@dataclass(frozen=True)
class FileProvider:
    """A node that has a file.

    Attributes:
        node_id: Its id, 64 hexadecimal digits.
        is_local: Whether it is the node that was asked.
        size: Size of the file in bytes, as the node claims.
        label: Name of the node, for people; may be empty.
    """

    node_id: str
    is_local: bool
    size: int
    label: str


class Files(Protocol):
    """Files under permanent addresses. What looks for a file raises ``file-not-found``."""

    def asking(self, sources: SourceSelection) -> Files:
        """The same files; of other nodes only those selected are asked for what is not here."""
        ...

    def load(self, uri: FileUri) -> str:
        """Brings a file to this machine; returns its path."""
        ...

    def load_to(self, uri: FileUri, dest: str) -> None:
        """Brings a file to this machine, as a copy of its own at ``dest``."""
        ...

    def find_range(self, sha1: str, start: int, end: int) -> bytearray | None:
        """The bytes [start, end) if they can be read here in one go."""
        ...

    def read(self, uri: FileUri, start: int, end: int | None) -> Iterator[bytes | memoryview]:
        """The bytes [start, end); raises ``range-beyond-end`` before the first."""
        ...

    def stat(self, uri: FileUri) -> FileInfo:
        """What is known of a file, without bringing it here."""
        ...

    def store_file(self, source: FileSource, label: str) -> str:
        """Stores a file of this machine; returns its URI."""
        ...

    def store(self, source: Source, label: str) -> str:
        """Stores content; returns its URI."""
        ...

    def store_small(self, contents: Sequence[tuple[bytes, str]]) -> list[str]:
        """Stores small contents with their labels; returns their URIs."""
        ...

    def load_small(self, uris: Iterable[FileUri]) -> Iterator[bytes | None]:
        """Whole contents of small files; None for those that are not found."""
        ...

    def link(self, source: FileSource, label: str) -> str:
        """Makes a file available where it is; returns its URI."""
        ...

    def providers(self, uri: FileUri, timeout: float | None) -> Iterator[FileProvider]:
        """Nodes that have a file, as they answer within so many seconds."""
        ...
