"""Parts of files that have an address of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.content import generated, sha1_of

import kachery_p2p as kp

CONTENT = generated(100_000)
PART = CONTENT[1000:50_000]
PARENT = sha1_of(CONTENT)


@pytest.fixture(params=["storage", "daemon", "remote_daemon"])
def chunk(request: pytest.FixtureRequest) -> str:
    """URI of a chunk of a file that is stored, not itself."""
    request.getfixturevalue(request.param)
    kp.store_bytes(CONTENT)
    return f"sha1://{sha1_of(PART)}/part?chunkOf={PARENT}~1000~50000"


def test_a_chunk_is_cut_from_its_file(chunk: str, tmp_path: Path) -> None:
    for _ in range(2):
        path = kp.load_file(chunk)
        assert path is not None
        assert Path(path).read_bytes() == PART
    kp.load_file(chunk, dest=tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == PART


def test_ranges_of_a_chunk(chunk: str) -> None:
    assert kp.load_bytes(chunk, 10, 20) == PART[10:20]
    assert kp.load_bytes(chunk) == PART
    assert b"".join(kp.read_file(chunk, 48_000)) == PART[48_000:]
    with pytest.raises(kp.RangeBeyondEndError):
        kp.load_bytes(chunk, 0, len(PART) + 1)


def test_a_chunk_of_a_file_that_nobody_has_is_none(chunk: str) -> None:
    other = chunk.replace(PARENT, "0" * 40).replace(sha1_of(PART), "1" * 40)
    assert kp.load_file(other) is None
    assert kp.load_bytes(other, 0, 1) is None


def test_a_chunk_with_other_bytes_than_it_claims_is_refused(chunk: str) -> None:
    with pytest.raises(kp.ContentCorruptError):
        kp.load_file(chunk.replace(sha1_of(PART), "1" * 40))
