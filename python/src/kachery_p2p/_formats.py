"""Text, JSON, npy and pickle: what is in a file."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from ._errors import KacheryError, failure
from ._limits import MAX_NPY_HEADER_BYTES
from ._local_read import read_local
from ._safe_pickle import RefusedPickleError, dump_safely, load_safely
from ._source import MemorySource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

_MMAP_MODES = (None, "r", "c")


def format_text(text: str) -> bytes:
    """The text as UTF-8, without any change of its newlines."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _unfit("text", f"The text cannot be encoded as UTF-8: {error}.") from error


def parse_text(path: str) -> str:
    """The text of a UTF-8 file."""
    try:
        return _content(path).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text: {error}. Use load_bytes or load_file."
        raise _unfit("uri", message) from error


def format_json(
    value: Any, separators: tuple[str, str], indent: int | None, sort_keys: bool
) -> bytes:
    """The value as JSON in ASCII. NaN and infinities, which JSON does not have, are refused."""
    try:
        return json.dumps(
            value, allow_nan=False, separators=separators, indent=indent, sort_keys=sort_keys
        ).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise _unfit(
            "obj",
            f"The value cannot be stored as JSON: {error}. JSON has dicts with string keys, lists, "
            "strings, finite numbers, booleans and None; use store_npy for arrays.",
        ) from error


def parse_json(path: str) -> Any:
    """The value of a JSON file."""
    try:
        return json.loads(_content(path))
    except ValueError as error:
        message = f"{path} is not JSON: {error}. Use load_text, load_bytes or load_file."
        raise _unfit("uri", message) from error


def format_npy(array: ArrayLike) -> MemorySource:
    """The array as ``numpy.save`` writes it; the elements are not copied if they are in a row."""
    import numpy as np

    values = np.asarray(array)
    if values.dtype.hasobject:
        raise _unfit(
            "array",
            f"An array of dtype {values.dtype} holds Python objects, which an npy file cannot. "
            "Give it a dtype of numbers or text, or use store_json or store_pkl.",
        )
    if not (values.flags.c_contiguous or values.flags.f_contiguous):
        values = np.ascontiguousarray(values)
    header = _npy_header(values)
    if header is None or values.dtype.itemsize == 0:
        whole = io.BytesIO()
        np.save(whole, values, allow_pickle=False)
        return MemorySource(whole.getbuffer())
    in_a_row = values if values.flags.c_contiguous else values.T
    return MemorySource(header, in_a_row.reshape(-1).view(np.uint8).data)


def _npy_header(values: np.ndarray[Any, Any]) -> bytes | None:
    """The header as ``numpy.save`` writes it; None for the rare ones that need a newer format."""
    import numpy as np

    npy: Any = np.lib.format

    header = io.BytesIO()
    try:
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(values))
    except ValueError:
        return None
    return header.getvalue()


def parse_npy(path: str, mmap_mode: str | None) -> np.ndarray[Any, Any]:
    """The array of an npy file, in memory or mapped."""
    import numpy as np

    npy: Any = np.lib.format
    if mmap_mode not in _MMAP_MODES:
        raise _unfit(
            "mmap_mode",
            f"mmap_mode is {mmap_mode!r}; a stored file never changes, so it can be None, "
            '"r" (read-only) or "c" (changes stay in memory).',
        )
    try:
        if mmap_mode is not None:
            return npy.open_memmap(path, mode=mmap_mode, max_header_size=MAX_NPY_HEADER_BYTES)
        with open(path, "rb") as file:
            return npy.read_array(file, allow_pickle=False, max_header_size=MAX_NPY_HEADER_BYTES)
    except (ValueError, EOFError, RecursionError, MemoryError) as error:
        message = f"{path} is not an npy file of plain values: {error}. Use load_file."
        raise _unfit("uri", message) from error


def format_pickle(value: Any) -> bytes:
    """The value as a pickle, if it is of plain values and numpy arrays only."""
    try:
        return dump_safely(value)
    except RefusedPickleError as error:
        raise _unfit(
            "x",
            f"store_pkl does not store {error}. It takes None, bool, int, float, complex, str, "
            "bytes, list, tuple, dict, set, frozenset, range, slice, numpy arrays and numpy "
            "numbers. Use store_npy for arrays, store_json for values, or store_file for a file "
            "that you write yourself.",
        ) from None


def parse_pickle(path: str) -> Any:
    """The value of a pickle of plain values and numpy arrays."""
    try:
        return load_safely(_content(path))
    except RefusedPickleError as error:
        raise _unfit(
            "uri",
            f"{path} was not unpickled: {error}. Only plain values and numpy arrays are allowed, "
            "because a pickle can run any code. If you trust who made it, unpickle the path that "
            "load_file gives yourself.",
        ) from None


def _content(path: str) -> bytes:
    return b"".join(read_local(path, 0, None))


def _unfit(field: str, message: str) -> KacheryError:
    return failure("invalid-argument", message, {"field": field})
