"""Pickles of plain values and numpy arrays only: the restricted format of kachery-p2p 0.8."""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Iterable
from typing import Any, cast

_PROTOCOL = 4
_PLAIN = {bool, int, float, complex, str, bytes, range, slice, type(None)}
_SEQUENCES = {list, tuple, set, frozenset}
_BUILTINS = {"range", "complex", "set", "frozenset", "slice"}
_NUMPY = {
    ("", "ndarray"),
    ("", "dtype"),
    (".multiarray", "_reconstruct"),
    (".multiarray", "scalar"),
    (".numeric", "_frombuffer"),
}
# numpy 2 moved them; pickles of either version are read with either version.
_NUMPY_CORES = ("numpy._core", "numpy.core")


class RefusedPickleError(Exception):
    """What was refused, such as ``a value of type datetime.date``."""


def dump_safely(value: Any) -> bytes:
    """Pickles a value, if everything in it is allowed. Raises RefusedPickleError."""
    try:
        _check(value, set())
        return pickle.dumps(value, protocol=_PROTOCOL)
    except RecursionError:
        raise RefusedPickleError("values that are nested too deeply") from None


def load_safely(data: bytes) -> Any:
    """The value of a pickle that refers to nothing but what is allowed.

    Raises RefusedPickleError otherwise, also if it is no pickle.
    """
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except RefusedPickleError:
        raise
    except Exception as error:
        # Broken pickles raise errors of any kind.
        raise RefusedPickleError(f"it is not a usable pickle ({error})") from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name == "builtins" and global_name in _BUILTINS:
            return super().find_class(module_name, global_name)
        if module_name == "numpy" and ("", global_name) in _NUMPY:
            return getattr(importlib.import_module("numpy"), global_name)
        for core in _NUMPY_CORES:
            submodule = module_name[len(core) :]
            if module_name.startswith(core) and submodule and (submodule, global_name) in _NUMPY:
                return getattr(_numpy_core(submodule), global_name)
        raise RefusedPickleError(f"it refers to {module_name}.{global_name}")


def _numpy_core(submodule: str) -> Any:
    for core in _NUMPY_CORES:
        try:
            return importlib.import_module(core + submodule)
        except ImportError:
            continue
    raise RefusedPickleError(f"numpy has no {submodule[1:]}")


def _check(value: Any, above: set[int]) -> None:
    """Raises RefusedPickleError if the value, or one in it, is of another kind."""
    kind = type(cast(object, value))
    if kind in _PLAIN or _is_numpy_number(value):
        return
    if id(value) in above:
        raise RefusedPickleError("values that contain themselves")
    above.add(id(value))
    for part in _parts(value):
        _check(part, above)
    above.remove(id(value))


def _parts(value: Any) -> Iterable[Any]:
    kind = type(cast(object, value))
    if kind in _SEQUENCES:
        return value
    if kind is dict:
        return [part for pair in value.items() for part in pair]
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        if value.dtype == object:
            return value.ravel().tolist()
        if not value.dtype.hasobject:
            return ()
    raise RefusedPickleError(f"a value of type {kind.__module__}.{kind.__qualname__}")


def _is_numpy_number(value: Any) -> bool:
    if type(value).__module__ != "numpy":
        return False
    import numpy as np

    return isinstance(value, (np.number, np.bool_))
