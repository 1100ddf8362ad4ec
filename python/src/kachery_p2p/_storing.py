"""Storing files and values."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Union

from ._batches import SmallContent, in_batches
from ._current_files import current_files
from ._formats import format_json, format_npy, format_pickle, format_text
from ._limits import MAX_SMALL_FILE_BYTES
from ._source import FileSource, MemorySource
from ._uri import check_label, label_from_path

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Path = Union[str, "os.PathLike[str]"]
Buffer = Union[bytes, bytearray, memoryview]


def store_file(path: Path, label: str | None = None, *, basename: str | None = None) -> str:
    """Stores a file of this machine.

    Where the daemon is this user's own, on this machine, it reads the file itself; otherwise the
    file is hashed here, and sent if the daemon does not have it. Storing an unchanged file again
    costs a moment, whatever its size.

    Args:
        path: A regular file. A symbolic link is followed.
        label: Name in the URI, which does not change what it leads to; by default the file's.
        basename: The original's name of ``label``.

    Returns:
        The URI, ``sha1://<40 hex>/<label>``, with ``?manifest=`` for files over 20 MB.

    Raises:
        NotFoundError: There is no such file.
        KacheryError: Anything else; its ``reason`` and message say what and what to do.
    """
    text = os.fspath(path)
    chosen = _label(label, basename, None)
    with FileSource(text) as source:
        return current_files().store_file(source, chosen or label_from_path(text))


def link_file(path: Path, label: str | None = None, *, basename: str | None = None) -> str:
    """Makes a file of this machine available where it is, without a copy.

    It is so for as long as its size and modification time do not change. Arguments, result and
    failures are those of ``store_file``; only the daemon's owner may do it.
    """
    text = os.fspath(path)
    chosen = _label(label, basename, None)
    with FileSource(text) as source:
        return current_files().link(source, chosen or label_from_path(text))


def store_text(text: str, label: str | None = None, *, basename: str | None = None) -> str:
    """Stores text as UTF-8, its newlines as they are; label ``file.txt``. Returns the URI."""
    return _store(format_text(text), _label(label, basename, "file.txt"))


def store_bytes(data: Buffer, label: str | None = None, *, basename: str | None = None) -> str:
    """Stores bytes; label ``file.dat``. Returns the URI."""
    return _store(data, _label(label, basename, "file.dat"))


def store_json(
    obj: Any,
    label: str | None = None,
    *,
    basename: str | None = None,
    separators: tuple[str, str] = (",", ":"),
    indent: int | None = None,
    sort_keys: bool = False,
) -> str:
    """Stores a value as JSON: compact, keys in the order of insertion, ASCII only.

    Equal dicts with keys in another order have other URIs, unless ``sort_keys`` is true.

    Args:
        obj: Dicts with string keys, lists, tuples, strings, finite numbers, booleans, None.
        label: Name in the URI, ``file.json`` by default.
        basename: The original's name of ``label``.
        separators: As of ``json.dumps``.
        indent: As of ``json.dumps``.
        sort_keys: As of ``json.dumps``.

    Returns:
        The URI.

    Raises:
        InvalidArgumentError: The value has no JSON form, such as NaN or an array.
        KacheryError: Anything else that went wrong.
    """
    content = format_json(obj, separators, indent, sort_keys)
    return _store(content, _label(label, basename, "file.json"))


def store_object(
    x: dict[str, Any], label: str | None = None, *, basename: str | None = None
) -> str:
    """Stores a dict as JSON; as ``store_json``."""
    return store_json(x, label, basename=basename)


def store_npy(array: ArrayLike, label: str | None = None, *, basename: str | None = None) -> str:
    """Stores an array as ``numpy.save`` writes it; label ``file.npy``.

    Args:
        array: Of any shape, and any dtype without Python objects.
        label: Name in the URI.
        basename: The original's name of ``label``.

    Returns:
        The URI.

    Raises:
        InvalidArgumentError: The array holds Python objects.
        KacheryError: Anything else that went wrong.
    """
    chosen = _label(label, basename, "file.npy")
    return current_files().store(format_npy(array), chosen)


def store_pkl(x: Any, label: str | None = None, *, basename: str | None = None) -> str:
    """Stores plain values and numpy arrays as a pickle; label ``file.pkl``. Returns the URI.

    Other objects are refused, since they could not be loaded safely. The bytes of a pickle, and
    so its URI, depend on the versions of Python and numpy: prefer ``store_npy`` and
    ``store_json``.

    Raises:
        InvalidArgumentError: Something in the value is not allowed; the message says what is.
        KacheryError: Anything else that went wrong.
    """
    return _store(format_pickle(x), _label(label, basename, "file.pkl"))


def store_files(paths: Iterable[Path]) -> list[str]:
    """Stores many files, the small ones in few calls. Returns their URIs in the same order.

    Raises:
        KacheryError: As ``store_file``, for the first file that fails; others may be stored.
    """
    return _store_many(_content_of(path) for path in paths)


def store_bytes_batch(contents: Iterable[Buffer], label: str = "file.dat") -> list[str]:
    """Stores many small contents in few calls. Returns their URIs in the same order.

    Raises:
        KacheryError: A content could not be stored; others may be.
    """
    checked = check_label(label)
    return _store_many((bytes(content), checked) for content in contents)


def _store(data: Buffer, label: str) -> str:
    return current_files().store(MemorySource(data), label)


def _content_of(path: Path) -> SmallContent | str:
    """Content and label of a small file, or the path of one that has to go alone."""
    text = os.fspath(path)
    with FileSource(text) as source:
        if source.size > MAX_SMALL_FILE_BYTES:
            return text
        content = b"".join(source.pieces())
        source.check_unchanged()
        return content, label_from_path(text)


def _store_many(items: Iterable[SmallContent | str]) -> list[str]:
    """Stores small contents in batches, and files at paths one by one."""
    uris: list[str] = []
    for batch in in_batches(items):
        if isinstance(batch, str):
            uris.append(store_file(batch))
        else:
            uris += current_files().store_small(batch)
    return uris


def _label(label: str | None, basename: str | None, default: str | None) -> str:
    chosen = label if label is not None else basename
    return (default or "") if chosen is None else check_label(chosen)
