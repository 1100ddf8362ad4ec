"""What bounds the work of the package physically, measured by itself."""

import hashlib
import os
import random
import shutil
from time import perf_counter

_PIECE_BYTES = 1024 * 1024


def sha1_pass(path: str) -> float:
    """Seconds of hashing a file once."""
    start = perf_counter()
    digest = hashlib.sha1()
    piece = memoryview(bytearray(_PIECE_BYTES))
    with open(path, "rb", buffering=0) as file:
        while taken := file.readinto(piece):
            digest.update(piece[:taken])
    digest.hexdigest()
    return perf_counter() - start


def copy_with_fsync(path: str, destination: str) -> float:
    """Seconds of copying a file and making the copy durable. The copy is removed."""
    start = perf_counter()
    shutil.copyfile(path, destination)
    with open(destination, "rb+") as copy:
        os.fsync(copy.fileno())
    seconds = perf_counter() - start
    os.unlink(destination)
    return seconds


def pread_ranges(path: str, count: int, range_bytes: int, seed: int) -> float:
    """Seconds of reading random ranges of an open file."""
    offsets = random_offsets(os.path.getsize(path), count, range_bytes, seed)
    file = os.open(path, os.O_RDONLY)
    try:
        start = perf_counter()
        for offset in offsets:
            os.pread(file, range_bytes, offset)
        return perf_counter() - start
    finally:
        os.close(file)


def random_offsets(size_bytes: int, count: int, range_bytes: int, seed: int) -> list[int]:
    """Offsets at which ranges of that many bytes lie within a file; the same for the same seed."""
    chance = random.Random(seed)
    return [chance.randrange(size_bytes - range_bytes + 1) for _ in range(count)]
