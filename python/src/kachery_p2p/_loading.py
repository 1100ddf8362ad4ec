"""Loading files and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from operator import index
from typing import TYPE_CHECKING, Any, Callable, TypeVar, Union

from ._byte_range import check_range, resolve_end
from ._chunks import load_chunk
from ._copy_file import copy_file
from ._current_files import current_files
from ._directories import resolve_directory
from ._errors import KacheryError
from ._files import FileInfo, Files
from ._formats import parse_json, parse_npy, parse_pickle, parse_text
from ._limits import MAX_OFFSET
from ._local_read import read_local
from ._source import FileSource
from ._source_selection import NO_SOURCES, SourceSelection, select_sources
from ._uri import ChunkUri, DirectoryUri, FileUri, KacheryUri, is_uri, parse_uri

if TYPE_CHECKING:
    import numpy as np

PathOrUri = Union[str, "os.PathLike[str]"]
Result = TypeVar("Result")


def load_file(
    uri: PathOrUri,
    dest: str | os.PathLike[str] | None = None,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> str | None:
    """Brings a file to this machine.

    Looks in the local storage directory first, then asks the daemon, which asks other nodes.

    Args:
        uri: A ``sha1://`` or ``sha1dir://`` URI. A path of this machine is taken as it is.
        dest: Where to make a copy of the caller's own; what is there is replaced in one step.
        p2p: False to ask no other node: only what the daemon's node has counts.
        from_node: Id of the only node to ask, if the file is not here; None for any.
        from_channel: Address or label of a joined channel: only its nodes are asked, if the file
            is not here; None for those of all joined channels.

    Returns:
        Path of the bytes, read-only; with ``dest``, that path. None if all nodes that may be asked
        have answered, and nobody has the file.

    Raises:
        UnreachableError: A node that may have the file cannot be reached now.
        ContentCorruptError: What came from every node that claims to have it was something else.
        NotFoundError: The channel is not joined.
        NotPermittedError: No joined channel authorises the node.
        KacheryError: Anything else; its ``reason`` and message say what and what to do.
    """
    sources = select_sources(p2p, from_node, from_channel)
    return _or_none(lambda: _load_path(uri, None if dest is None else os.fspath(dest), sources))


def load_text(
    uri: PathOrUri,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> str | None:
    """The text of a UTF-8 file, its newlines as they are. None if nobody has the file.

    Args:
        uri: Address of the file, as for ``load_file``.
        p2p: False to ask no other node.
        from_node: Id of the only node to ask.
        from_channel: The joined channel whose nodes are asked, as for ``load_file``.

    Raises:
        InvalidArgumentError: The file is not UTF-8.
        KacheryError: Anything else that went wrong, as for ``load_file``.
    """
    return _load_with(uri, parse_text, select_sources(p2p, from_node, from_channel))


def load_json(
    uri: PathOrUri,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> Any:
    """The value of a JSON file. None if nobody has the file, or if its value is ``null``.

    Args:
        uri: Address of the file, as for ``load_file``.
        p2p: False to ask no other node.
        from_node: Id of the only node to ask.
        from_channel: The joined channel whose nodes are asked, as for ``load_file``.

    Raises:
        InvalidArgumentError: The file is not JSON.
        KacheryError: Anything else that went wrong, as for ``load_file``.
    """
    return _load_with(uri, parse_json, select_sources(p2p, from_node, from_channel))


def load_object(
    uri: PathOrUri,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> dict[str, Any] | None:
    """The dict of a JSON file; as ``load_json``."""
    return load_json(uri, p2p=p2p, from_node=from_node, from_channel=from_channel)


def load_npy(
    uri: PathOrUri,
    mmap_mode: str | None = None,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> np.ndarray[Any, Any] | None:
    """The array of an npy file. None if nobody has the file.

    Args:
        uri: Address of the file, as for ``load_file``.
        mmap_mode: ``"r"`` or ``"c"`` to map the file instead of reading it into memory: what is
            not touched is not read. Stored files never change, so ``"r+"`` is refused.
        p2p: False to ask no other node.
        from_node: Id of the only node to ask.
        from_channel: The joined channel whose nodes are asked, as for ``load_file``.

    Returns:
        The array with its stored shape, dtype and order.

    Raises:
        InvalidArgumentError: The file is not an npy file, or holds Python objects.
        KacheryError: Anything else that went wrong, as for ``load_file``.
    """
    sources = select_sources(p2p, from_node, from_channel)
    return _load_with(uri, lambda path: parse_npy(path, mmap_mode), sources)


def load_pkl(
    uri: PathOrUri,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> Any:
    """The value of a file of ``store_pkl``. None if nobody has the file, or if it holds None.

    Only plain values and numpy arrays are built; a pickle of anything else is refused, so that a
    file from somebody else cannot run code.

    Args:
        uri: Address of the file, as for ``load_file``.
        p2p: False to ask no other node.
        from_node: Id of the only node to ask.
        from_channel: The joined channel whose nodes are asked, as for ``load_file``.

    Raises:
        InvalidArgumentError: The file is no pickle, or refers to something that is not allowed.
        KacheryError: Anything else that went wrong, as for ``load_file``.
    """
    return _load_with(uri, parse_pickle, select_sources(p2p, from_node, from_channel))


def load_bytes(
    uri: PathOrUri,
    start: int = 0,
    end: int | None = None,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> bytearray | None:
    """A range of bytes of a file, in memory. None if nobody has the file.

    Only the range is read, whatever the size of the file; of a file that other nodes have, only
    the chunks that it touches are fetched.

    Args:
        uri: Address of the file, as for ``load_file``.
        start: Offset of the first byte, counted from 0.
        end: Offset behind the last byte; None for the end of the file.
        p2p: False to ask no other node.
        from_node: Id of the only node to ask.
        from_channel: The joined channel whose nodes are asked, as for ``load_file``.

    Raises:
        RangeBeyondEndError: The range reaches beyond the end of the file.
        InvalidArgumentError: The range is negative or reversed, or the URI malformed.
        KacheryError: Anything else that went wrong, as for ``load_file``.
    """
    sources = select_sources(p2p, from_node, from_channel)
    if end is not None:
        found = _find_range(uri, start, end)
        if found is not None:
            return found

    def read() -> bytearray:
        content = bytearray()
        for piece in _read(uri, start, end, sources):
            content += piece
        return content

    return _or_none(read)


def read_file(
    uri: PathOrUri,
    start: int = 0,
    end: int | None = None,
    *,
    p2p: bool = True,
    from_node: str | None = None,
    from_channel: str | None = None,
) -> Iterator[bytes | memoryview]:
    """The bytes [start, end) of a file as a stream, in pieces of at most 1 MiB.

    The range is checked before the first piece. Exhaust the iterator, or close it, to release
    the file. Of a file that other nodes have, only the chunks that the range touches are fetched.

    Args:
        uri: Address of the file, as for ``load_file``.
        start: Offset of the first byte, counted from 0.
        end: Offset behind the last byte; None for the end of the file.
        p2p: False to ask no other node.
        from_node: Id of the only node to ask.
        from_channel: The joined channel whose nodes are asked, as for ``load_file``.

    Raises:
        NotFoundError: Nobody has the file (``file-not-found``), or the channel is not joined.
        RangeBeyondEndError: The range reaches beyond the end of the file.
        KacheryError: Anything else that went wrong, as for ``load_file``.
    """
    return _read(uri, start, end, select_sources(p2p, from_node, from_channel))


def _read(
    uri: PathOrUri, start: int, end: int | None, sources: SourceSelection
) -> Iterator[bytes | memoryview]:
    start, end = index(start), None if end is None else index(end)
    check_range(start, end)
    if not is_uri(uri):
        return read_local(os.fspath(uri), start, end)
    files = current_files().asking(sources)
    parsed = parse_uri(str(uri))
    if isinstance(parsed, ChunkUri):
        end = resolve_end(start, end, parsed.end - parsed.start)
        parent = FileUri(parsed.parent_sha1)
        return files.read(parent, parsed.start + start, parsed.start + end)
    return files.read(_file_uri(files, parsed), start, end)


def load_bytes_batch(uris: Iterable[str]) -> Iterator[bytes | None]:
    """The whole contents of many small files, in the order of the URIs, in few calls.

    Yields None for a file that nobody has.

    Raises:
        KacheryError: A file could not be read for another reason.
    """
    files = current_files()
    return files.load_small(_file_uri(files, parse_uri(uri)) for uri in uris)


def get_file_info(uri: str) -> FileInfo | None:
    """What is known of a file, such as its size, without bringing it here. None if it is not here.

    No other node is asked; ``find_file`` does that.

    Raises:
        KacheryError: Anything else that went wrong.
    """
    files = current_files().asking(NO_SOURCES)
    return _or_none(lambda: files.stat(_file_uri(files, parse_uri(uri))))


def _load_with(
    uri: PathOrUri, parse: Callable[[str], Result], sources: SourceSelection
) -> Result | None:
    path = _or_none(lambda: _load_path(uri, None, sources))
    return None if path is None else parse(path)


def _load_path(uri: PathOrUri, dest: str | None, sources: SourceSelection) -> str:
    if not is_uri(uri):
        return _local_path(os.fspath(uri), dest)
    parsed = parse_uri(str(uri))
    files = current_files().asking(sources)
    if isinstance(parsed, ChunkUri):
        return _local_path(load_chunk(files, parsed), dest)
    file_uri = _file_uri(files, parsed)
    if dest is None:
        return files.load(file_uri)
    files.load_to(file_uri, dest)
    return dest


def _local_path(path: str, dest: str | None) -> str:
    FileSource(path).close()
    if dest is None:
        return path
    copy_file(path, dest)
    return dest


def _find_range(uri: PathOrUri, start: int, end: int) -> bytearray | None:
    """The short way of load_bytes: a file that is here, and a range that is inside of it."""
    if not isinstance(uri, str) or not is_uri(uri) or not 0 <= start < end <= MAX_OFFSET:
        return None
    parsed = parse_uri(uri)
    if not isinstance(parsed, FileUri):
        return None
    return current_files().find_range(parsed.sha1, start, end)


def _file_uri(files: Files, uri: KacheryUri) -> FileUri:
    """The whole file that a URI names; a chunk, as a file that may be stored by itself."""
    if isinstance(uri, DirectoryUri):
        return resolve_directory(files, uri)
    return FileUri(uri.sha1, uri.label) if isinstance(uri, ChunkUri) else uri


def _or_none(action: Callable[[], Result]) -> Result | None:
    try:
        return action()
    except KacheryError as error:
        # By reason: a channel that is not joined, for one, is not found either, and no answer.
        if error.reason == "file-not-found":
            return None
        raise
