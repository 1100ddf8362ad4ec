from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kachery_p2p import InvalidArgumentError
from kachery_p2p._uri import (
    ChunkUri,
    DirectoryUri,
    FileUri,
    check_label,
    format_file_uri,
    label_from_path,
    parse_uri,
)

A, B = "a" * 40, "0123456789abcdef" * 2 + "01234567"

labels = st.text(
    st.characters(exclude_characters="/?#", exclude_categories=("Cc", "Cs")), max_size=60
)
hashes = st.text("0123456789abcdef", min_size=40, max_size=40)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        (f"sha1://{A}", FileUri(A)),
        (f"sha1://{A}/", FileUri(A)),
        (f"sha1://{A}/file.txt", FileUri(A, "file.txt")),
        (f"sha1://{A}.label/file.txt", FileUri(A, "file.txt")),
        (f"sha1://{A}/some/path/file.txt", FileUri(A, "some/path/file.txt")),
        (f"sha1://{A}/x?manifest={B}", FileUri(A, "x", B)),
        (f"sha1://{A}?manifest={B}", FileUri(A, "", B)),
        (f"sha1://{A}?chunkOf={B}~0~20", ChunkUri(A, "", B, 0, 20)),
        (f"sha1://{A}/x?chunkOf={B}~20~21", ChunkUri(A, "x", B, 20, 21)),
        (f"sha1dir://{A}", DirectoryUri(A, ())),
        (f"sha1dir://{A}.data/a/b.txt", DirectoryUri(A, ("a", "b.txt"))),
        (f"sha1dir://{A}/a/", DirectoryUri(A, ("a",))),
    ],
)
def test_reads_every_form(text: str, uri: object) -> None:
    assert parse_uri(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha1://",
        "sha1:/" + A,
        "md5://" + A,
        "feed://" + A,
        " sha1://" + A,
        "SHA1://" + A,
        f"sha1://{A[:-1]}",
        f"sha1://{A}a",
        f"sha1://{A.upper()}",
        f"sha1://{A}\n",
        "sha1://../../etc/passwd",
        f"sha1://../{A}",
        f"sha1://{A}/x?manifest={B}?manifest={B}",
        f"sha1://{A}/x?manifest={B}&manifest={B}",
        f"sha1://{A}/x?manifest=",
        f"sha1://{A}/x?manifest={B.upper()}",
        f"sha1://{A}/x?",
        f"sha1://{A}/x?other=1",
        f"sha1://{A}/x#y",
        f"sha1://{A}/x\ny",
        f"sha1://{A}/\ud800",
        f"sha1://{A}/{'x' * 256}",
        f"sha1://{A}/{'é' * 128}",
        f"sha1://{A}/{'x' * 10_000}",
        f"sha1://{A}?chunkOf={B}~0~0",
        f"sha1://{A}?chunkOf={B}~5~4",
        f"sha1://{A}?chunkOf={B}~-1~4",
        f"sha1://{A}?chunkOf={B}~00~4",
        f"sha1://{A}?chunkOf={B}~0~9007199254740992",
        f"sha1://{A}?chunkOf={B}~0~4&manifest={B}",
        f"sha1dir://{A}/a/../b",
        f"sha1dir://{A}//a",
        f"sha1dir://{A}/./a",
        f"sha1dir://{A}/a?x=1",
    ],
)
def test_refuses_everything_else(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_uri(text)
    assert caught.value.reason == "invalid-uri"
    assert "example" in caught.value.message


@given(hashes, labels, st.none() | hashes)
def test_reads_what_it_writes(sha1: str, label: str, manifest: str | None) -> None:
    text = format_file_uri(sha1, label, manifest)
    assert parse_uri(text) == FileUri(sha1, label, manifest)
    assert str(parse_uri(text)) == text


@given(st.text(max_size=300))
def test_a_label_made_of_a_path_can_stand_in_a_uri(path: str) -> None:
    label = label_from_path(path)
    assert check_label(label) == label
    assert parse_uri(format_file_uri(A, label)) == FileUri(A, label)


@pytest.mark.parametrize("label", ["a/b", "a?b", "a#b", "a\x00b", "a\x7fb", "\ud800", "x" * 256])
def test_refuses_labels_that_cannot_stand_in_a_uri(label: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_label(label)
    assert caught.value.reason == "invalid-argument"
