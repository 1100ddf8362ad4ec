"""The addresses of files, parsed once at the door. The same rules as src/core/uri.ts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Union

from ._errors import KacheryError, failure, quoted
from ._limits import MAX_LABEL_BYTES, MAX_OFFSET, MAX_URI_LENGTH


@dataclass(frozen=True)
class FileUri:
    """``sha1://<40 hex>[/<label>][?manifest=<40 hex>]``: a whole file."""

    sha1: str
    label: str = ""
    manifest_sha1: str | None = None

    @property
    def name(self) -> str:
        """For people: the label or, without one, how the hash begins."""
        return self.label or self.sha1[:8]

    def __str__(self) -> str:
        return format_file_uri(self.sha1, self.label, self.manifest_sha1)


@dataclass(frozen=True)
class ChunkUri:
    """``sha1://<chunk>?chunkOf=<sha1>~<start>~<end>``: the bytes [start, end) of another file."""

    sha1: str
    label: str
    parent_sha1: str
    start: int
    end: int

    def __str__(self) -> str:
        chunk_of = f"{self.parent_sha1}~{self.start}~{self.end}"
        return f"{format_file_uri(self.sha1, self.label)}?chunkOf={chunk_of}"


@dataclass(frozen=True)
class DirectoryUri:
    """``sha1dir://<40 hex>[.<label>]/<path>``: a file in a directory whose listing is content."""

    sha1: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join((f"sha1dir://{self.sha1}", *self.path))


KacheryUri = Union[FileUri, ChunkUri, DirectoryUri]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA1_FORM = re.compile(r"sha1://([^/?]*)(?:/([^?]*))?(?:\?(.*))?", re.DOTALL)
_DIRECTORY_FORM = re.compile(r"sha1dir://([^/?]*)(?:/([^?]*))?", re.DOTALL)
_CHUNK_FORM = re.compile(r"([^~]*)~(0|[1-9][0-9]*)~(0|[1-9][0-9]*)")
_NOT_IN_LABELS = re.compile(r"[?#\x00-\x1f\x7f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def is_uri(text: object) -> bool:
    """Tells a URI, of whatever scheme, from a path of this machine."""
    return isinstance(text, str) and _SCHEME.match(text) is not None


def is_sha1(text: str) -> bool:
    """Tells whether the text is 40 lower-case hexadecimal digits."""
    return _SHA1.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def parse_uri(text: str) -> KacheryUri:
    """The URI that the text spells. Raises ``invalid-uri``, saying what is wrong with it."""
    if len(text) > MAX_URI_LENGTH:
        problem = f"it is {len(text)} characters long; at most {MAX_URI_LENGTH} are allowed"
        raise _malformed(text, problem)
    match = _SHA1_FORM.fullmatch(text)
    if match:
        return _parse_sha1(text, match[1], match[2] or "", match[3])
    match = _DIRECTORY_FORM.fullmatch(text)
    if match:
        return _parse_directory(text, match[1], match[2] or "")
    raise _malformed(text, "it must begin with sha1:// or sha1dir://")


def format_file_uri(sha1: str, label: str, manifest_sha1: str | None = None) -> str:
    """The URI of a file as it is told to users."""
    label_part = f"/{label}" if label else ""
    return f"sha1://{sha1}{label_part}" + (f"?manifest={manifest_sha1}" if manifest_sha1 else "")


def check_label(label: str) -> str:
    """The label itself, if it may stand in a URI; otherwise raises ``invalid-argument``."""
    if not _is_plain_label(label) or "/" in label:
        raise failure(
            "invalid-argument",
            f'The label {quoted(label)} holds "/", "?", "#" or a control character. Give another.',
            {"field": "label"},
        )
    size = len(label.encode())
    if size > MAX_LABEL_BYTES:
        raise failure(
            "invalid-argument",
            f"The label has {size} bytes; at most {MAX_LABEL_BYTES} are allowed.",
            {"field": "label"},
        )
    return label


def label_from_path(path: str) -> str:
    """The path's last part, with what may not stand in a label replaced and cut."""
    label = _LONE_SURROGATE.sub("\ufffd", os.path.basename(path))
    label = _NOT_IN_LABELS.sub("_", label)
    while len(label.encode()) > MAX_LABEL_BYTES:
        label = label[:-1]
    return label


def _parse_sha1(text: str, host: str, label: str, query: str | None) -> FileUri | ChunkUri:
    sha1 = _sha1_of(text, host)
    if not _is_plain_label(label):
        raise _malformed(text, 'its label holds a control character or "#"')
    if len(label.encode()) > MAX_LABEL_BYTES:
        raise _malformed(text, f"its label is longer than {MAX_LABEL_BYTES} bytes")
    parameters = {} if query is None else _parse_query(text, query)
    manifest = parameters.get("manifest")
    chunk_of = parameters.get("chunkOf")
    if chunk_of is None:
        return FileUri(sha1, label, None if manifest is None else _sha1_of(text, manifest))
    chunk = _CHUNK_FORM.fullmatch(chunk_of)
    if not chunk or manifest is not None or not int(chunk[2]) < int(chunk[3]) <= MAX_OFFSET:
        form = "chunkOf must be <40 hex>~<start>~<end> with start < end, and stand alone"
        raise _malformed(text, form)
    return ChunkUri(sha1, label, _sha1_of(text, chunk[1]), int(chunk[2]), int(chunk[3]))


def _parse_directory(text: str, host: str, path: str) -> DirectoryUri:
    names = path.split("/") if path else []
    if names and names[-1] == "":
        names.pop()
    if any(name in ("", ".", "..") for name in names):
        raise _malformed(text, 'its path has an empty part, "." or ".."')
    return DirectoryUri(_sha1_of(text, host), tuple(names))


def _parse_query(text: str, query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not equals or name not in ("manifest", "chunkOf"):
            known = "only manifest=<40 hex> and chunkOf=<40 hex>~<start>~<end> are known"
            raise _malformed(text, f"its query holds {quoted(part)}; {known}")
        if name in parameters:
            raise _malformed(text, f"its query names {name} twice")
        parameters[name] = value
    return parameters


def _sha1_of(text: str, host: str) -> str:
    """The hash of a host part, behind which older versions put ``.<label>``."""
    sha1 = host.partition(".")[0]
    if not is_sha1(sha1):
        problem = f"{quoted(sha1)} is not a SHA-1 hash of 40 digits 0-9 and a-f in lower case"
        raise _malformed(text, problem)
    return sha1


def _is_plain_label(label: str) -> bool:
    return not _NOT_IN_LABELS.search(label) and not _LONE_SURROGATE.search(label)


def _malformed(text: str, problem: str) -> KacheryError:
    example = f"sha1://{'0' * 40}/name.dat"
    return failure(
        "invalid-uri",
        f"{quoted(text)} is not a kachery URI: {problem}. An example: {example}",
        {"uri": text[:200]},
    )
