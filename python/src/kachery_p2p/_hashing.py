"""SHA-1 of whole content and of its chunks, computed beside the reading and writing."""

from __future__ import annotations

import hashlib
import queue
import threading
from typing import NamedTuple

from ._limits import CHUNK_BYTES, MIB
from ._manifest import has_manifest
from ._progress import Progress
from ._source import Piece, Source

_MIN_THREADED_BYTES = 4 * MIB
_PIECES_IN_FLIGHT = 4


class ContentHash(NamedTuple):
    """SHA-1 of content, and of its chunks if they were asked for and it has a manifest."""

    sha1: str
    chunk_sha1s: tuple[str, ...] = ()


class ContentHasher:
    """Hashes what is given to it, in order. A context manager: it may own threads.

    Args:
        size: Size of the content in bytes; tells whether threads are worth their while.
        with_chunks: Whether the hashes of the chunks are wanted too.
    """

    def __init__(self, size: int, with_chunks: bool) -> None:
        self._lanes: list[_Lane] = [_WholeLane()]
        if with_chunks and has_manifest(size):
            self._lanes.append(_ChunkLane())
        self._threads = [_LaneThread(lane) for lane in self._lanes if size >= _MIN_THREADED_BYTES]

    def update(self, piece: Piece) -> None:
        """Takes the next bytes, which must not change any more."""
        for taker in self._threads or self._lanes:
            taker.update(piece)

    def finish(self) -> ContentHash:
        """The hashes of everything that was taken."""
        for thread in self._threads:
            thread.finish()
        whole, *chunks = (lane.finish() for lane in self._lanes)
        return ContentHash(whole[0], tuple(chunks[0]) if chunks else ())

    def close(self) -> None:
        """Ends the threads, also in the middle."""
        for thread in self._threads:
            thread.stop()

    def __enter__(self) -> ContentHasher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hash_source(source: Source, label: str, *, with_chunks: bool = False) -> ContentHash:
    """Hashes content, reading ahead while it hashes. Raises ``file-changed``."""
    with ContentHasher(source.size, with_chunks) as hasher:
        with Progress(f"Hashing {label}", source.size) as progress:
            for piece in source.pieces():
                hasher.update(piece)
                progress.add(len(piece))
        result = hasher.finish()
    source.check_unchanged()
    return result


class _WholeLane:
    """The hash of everything."""

    def __init__(self) -> None:
        self._hash = hashlib.sha1(usedforsecurity=False)

    def update(self, piece: Piece) -> None:
        self._hash.update(piece)

    def finish(self) -> list[str]:
        return [self._hash.hexdigest()]


class _ChunkLane(_WholeLane):
    """The hash of each chunk."""

    def __init__(self) -> None:
        super().__init__()
        self._done: list[str] = []
        self._room = CHUNK_BYTES

    def update(self, piece: Piece) -> None:
        view = memoryview(piece)
        while view:
            if self._room == 0:
                self._next_chunk()
            part = view[: self._room]
            super().update(part)
            self._room -= len(part)
            view = view[len(part) :]

    def finish(self) -> list[str]:
        return [*self._done, self._hash.hexdigest()]

    def _next_chunk(self) -> None:
        self._done.append(self._hash.hexdigest())
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._room = CHUNK_BYTES


_Lane = _WholeLane


class _LaneThread:
    """A lane that works in a thread of its own; hashing does not hold the interpreter's lock."""

    def __init__(self, lane: _Lane) -> None:
        self._lane = lane
        self._waiting: queue.Queue[Piece | None] = queue.Queue(_PIECES_IN_FLIGHT)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="kachery-hash", daemon=True)
        self._thread.start()

    def update(self, piece: Piece) -> None:
        self._waiting.put(piece)

    def finish(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def stop(self) -> None:
        self._stopped = True
        if self._thread.is_alive():
            self.finish()

    def _run(self) -> None:
        while True:
            piece = self._waiting.get()
            if piece is None:
                return
            if not self._stopped:
                self._lane.update(piece)
