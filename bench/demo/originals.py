"""What the demonstration stores, kept in memory to compare what is loaded with it."""

import hashlib
import io
from pathlib import Path

import numpy as np

_CHANNELS = 256
_BLOCK_ROWS = 65_536

_contents: dict[str, bytearray] = {}
_arrays: dict[str, np.ndarray] = {}


def read_recording(path: str) -> dict[str, int]:
    """Reads the recording, a CSV file of times and samples."""
    content = bytearray(Path(path).read_bytes())
    samples = np.loadtxt(io.BytesIO(content), dtype=int, delimiter=",", skiprows=1, usecols=1)
    _contents["recording"] = content
    return {"sizeBytes": len(content), "samples": len(samples)}


def make_array(mebibytes: int) -> dict[str, int]:
    """Makes an array, always the same one, in the memory of the NPY file that it must become."""
    rows = mebibytes * 1024 * 1024 // 2 // _CHANNELS
    header = io.BytesIO()
    shape = {"descr": "<i2", "fortran_order": False, "shape": (rows, _CHANNELS)}
    np.lib.format.write_array_header_1_0(header, shape)
    content = bytearray(header.tell() + rows * _CHANNELS * 2)
    content[: header.tell()] = header.getvalue()
    array = np.frombuffer(content, dtype="<i2", offset=header.tell()).reshape(rows, _CHANNELS)
    chance = np.random.default_rng(20421)
    for row in range(0, rows, _BLOCK_ROWS):
        block = array[row : row + _BLOCK_ROWS]
        block[:] = chance.integers(-512, 512, block.shape, dtype=np.int16)
    _contents["array"] = content
    _arrays["array"] = array
    return {"sizeBytes": len(content), "rows": rows, "channels": _CHANNELS}


def digest(name: str) -> str:
    """SHA-256 of an original, as a hexadecimal number: another hash than the one in its address."""
    return hashlib.sha256(_contents[name]).hexdigest()


def range_digests(name: str, ranges: list[tuple[int, int]]) -> list[str]:
    """SHA-256 of each of these ranges of an original."""
    content = content_of(name)
    return [hashlib.sha256(content[start:end]).hexdigest() for start, end in ranges]


def line_count(name: str) -> int:
    """How many lines an original has, a text."""
    return len(lines_of(name))


def lines_of(name: str) -> list[str]:
    """The lines of an original, a text, with their ends."""
    return _contents[name].decode().splitlines(keepends=True)


def content_of(name: str) -> memoryview:
    """The bytes of an original."""
    return memoryview(_contents[name])


def array_of(name: str) -> np.ndarray:
    """The original as an array."""
    return _arrays[name]
