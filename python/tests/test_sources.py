"""Which other nodes are asked for a file, and what is made of their answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Callable

import grpc
import numpy as np
import pytest
from support.content import generated, sha1_of
from support.scripted_daemon import ScriptedDaemon

import kachery_p2p as kp
from kachery_p2p import aio, v1

NODE = "b" * 64
MISSING = "sha1://" + "0" * 40
MALFORMED: list[dict[str, Any]] = [
    {"from_node": ""},
    {"from_node": "b" * 63},
    {"from_node": "B" * 64},
    {"from_node": "lab-a"},
    {"from_node": NODE, "from_channel": ""},
    {"from_channel": 5},
]


def read_all(uri: str, **options: Any) -> bytes:
    return b"".join(kp.read_file(uri, **options))


LOADS: list[Callable[..., Any]] = [
    kp.load_file,
    kp.load_text,
    kp.load_json,
    kp.load_object,
    kp.load_npy,
    kp.load_pkl,
    kp.load_bytes,
]
READS: list[Callable[..., Any]] = [kp.load_bytes, read_all]


@pytest.fixture(params=["storage", "daemon", "remote_daemon"])
def mode(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize("options", MALFORMED)
def test_what_cannot_be_is_refused(options: dict[str, Any]) -> None:
    uri = kp.store_json({"a": 1})
    for load in (*LOADS, kp.find_file, kp.read_file):
        with pytest.raises(kp.InvalidArgumentError) as caught:
            load(uri, **options)
        assert caught.value.reason == "invalid-argument"
        assert caught.value.details["field"] in options


def test_it_is_refused_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KACHERY_P2P_API_PORT", "1")
    with pytest.raises(kp.InvalidArgumentError, match="64 digits"):
        kp.load_file(MISSING, from_node="lab-a")
    with pytest.raises(kp.DaemonNotRunningError):
        kp.load_file(MISSING, from_node=NODE)


@pytest.mark.usefixtures("mode")
def test_without_others_what_is_not_here_is_none() -> None:
    for load in LOADS:
        assert load(MISSING, p2p=False) is None
    with pytest.raises(kp.NotFoundError):
        read_all(MISSING, p2p=False)


@pytest.mark.usefixtures("mode")
def test_what_is_here_is_loaded_whoever_may_be_asked(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("path")
    array = np.arange(3)
    choices: list[dict[str, Any]] = [
        {"p2p": False},
        {"from_node": NODE},
        {"from_channel": "lab"},
    ]
    for options in choices:
        assert kp.load_text(kp.store_text("here"), **options) == "here"
        assert kp.load_json(kp.store_json([1]), **options) == [1]
        assert kp.load_object(kp.store_object({"a": 1}), **options) == {"a": 1}
        assert kp.load_pkl(kp.store_pkl({"a": 1}), **options) == {"a": 1}
        assert (kp.load_npy(kp.store_npy(array), "r", **options) == array).all()
        assert kp.load_bytes(kp.store_text("here"), 1, 3, **options) == b"er"
        assert read_all(kp.store_text("here"), **options) == b"here"
        assert kp.load_text(tmp_path / "x", **options) == "path"


@pytest.fixture
def content() -> bytes:
    return generated(100_000)


def tell_file(daemon: ScriptedDaemon, content: bytes) -> str:
    """Lets a daemon load and read a file; its URI."""
    file = v1.FileInfo(sha1=sha1_of(content), size_bytes=len(content))
    daemon.answer("LoadFile", v1.LoadFileResponse(file=file))
    daemon.answer("ReadFile", v1.ReadFileResponse(data=content))
    return f"sha1://{sha1_of(content)}/a.dat"


@pytest.mark.parametrize(
    ("options", "selection"),
    [
        ({}, None),
        ({"p2p": True}, None),
        ({"p2p": False}, v1.SourceSelection(local_only=True)),
        ({"from_node": NODE}, v1.SourceSelection(node_id=NODE)),
        ({"from_channel": "lab"}, v1.SourceSelection(channel="lab")),
        (
            {"from_node": NODE, "from_channel": "https://example.org/lab.yaml", "p2p": False},
            v1.SourceSelection(
                node_id=NODE, channel="https://example.org/lab.yaml", local_only=True
            ),
        ),
    ],
)
def test_the_daemon_hears_who_may_be_asked(
    options: dict[str, Any],
    selection: v1.SourceSelection | None,
    scripted_daemon: ScriptedDaemon,
    content: bytes,
    tmp_path: Path,
) -> None:
    uri = tell_file(scripted_daemon, content)
    assert kp.load_bytes(uri, 0, len(content), **options) == content
    assert read_all(uri, **options) == content
    assert kp.load_file(uri, tmp_path / "copy", **options) == str(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content
    loads = [v1.LoadFileRequest.FromString(each) for each in scripted_daemon.requests("LoadFile")]
    reads = [v1.ReadFileRequest.FromString(each) for each in scripted_daemon.requests("ReadFile")]
    assert (len(loads), len(reads)) == (1, 3)
    for request in (*loads, *reads):
        assert request.uri == uri
        assert request.HasField("sources") == (selection is not None)
        assert request.sources == (selection or v1.SourceSelection())


@pytest.mark.parametrize("load", LOADS[:-1])
def test_every_form_of_loading_passes_it_on(
    load: Callable[..., Any], scripted_daemon: ScriptedDaemon
) -> None:
    scripted_daemon.answer("LoadFile", reason="NODE_UNREACHABLE", code=grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(kp.UnreachableError):
        load(MISSING, from_node=NODE, from_channel="lab")
    (request,) = scripted_daemon.requests("LoadFile")
    selection = v1.SourceSelection(node_id=NODE, channel="lab")
    assert v1.LoadFileRequest.FromString(request).sources == selection


def test_a_directorys_listing_comes_from_the_same_nodes(
    scripted_daemon: ScriptedDaemon, content: bytes
) -> None:
    listing = {"files": {"a.dat": {"size": len(content), "sha1": sha1_of(content)}}, "dirs": {}}
    directory = json.dumps(listing).encode()
    tell_file(scripted_daemon, directory)
    tell_file(scripted_daemon, content)
    assert kp.load_bytes(f"sha1dir://{sha1_of(directory)}/a.dat", from_node=NODE) == content
    (load,) = scripted_daemon.requests("LoadFile")
    assert v1.LoadFileRequest.FromString(load).sources.node_id == NODE
    reads = scripted_daemon.requests("ReadFile")
    assert [v1.ReadFileRequest.FromString(each).sources.node_id for each in reads] == [NODE] * 2


def test_what_is_known_of_a_file_is_asked_of_nobody_else(scripted_daemon: ScriptedDaemon) -> None:
    scripted_daemon.answer("LoadFile", reason="FILE_NOT_FOUND", code=grpc.StatusCode.NOT_FOUND)
    assert kp.get_file_info("sha1dir://" + "0" * 40 + "/x") is None
    (load,) = scripted_daemon.requests("LoadFile")
    assert v1.LoadFileRequest.FromString(load).sources.local_only


def test_a_chunk_is_cut_from_what_other_nodes_have(
    scripted_daemon: ScriptedDaemon, content: bytes
) -> None:
    """Nobody else is asked for the chunk itself: most have only the file that it is part of."""
    parent = "c" * 40
    scripted_daemon.answer("LoadFile", reason="FILE_NOT_FOUND", code=grpc.StatusCode.NOT_FOUND)
    scripted_daemon.answer("ReadFile", v1.ReadFileResponse(data=content))
    path = kp.load_file(
        f"sha1://{sha1_of(content)}?chunkOf={parent}~50~{50 + len(content)}", from_node=NODE
    )
    assert path is not None
    assert Path(path).read_bytes() == content
    (load,) = scripted_daemon.requests("LoadFile")
    assert v1.LoadFileRequest.FromString(load).sources == v1.SourceSelection(local_only=True)
    (read,) = scripted_daemon.requests("ReadFile")
    assert v1.ReadFileRequest.FromString(read) == v1.ReadFileRequest(
        uri=f"sha1://{parent}",
        offset=50,
        length=len(content),
        sources=v1.SourceSelection(node_id=NODE),
    )


def test_a_chunk_may_be_a_file_that_another_node_has(
    scripted_daemon: ScriptedDaemon, content: bytes
) -> None:
    for method in ("LoadFile", "ReadFile"):
        scripted_daemon.answer(method, reason="FILE_NOT_FOUND", code=grpc.StatusCode.NOT_FOUND)
    uri = tell_file(scripted_daemon, content)
    chunk = f"{uri}?chunkOf={'c' * 40}~0~{len(content)}"
    path = kp.load_file(chunk, from_channel="lab")
    assert path is not None
    assert Path(path).read_bytes() == content
    _, load = scripted_daemon.requests("LoadFile")
    assert v1.LoadFileRequest.FromString(load).sources == v1.SourceSelection(channel="lab")


@pytest.mark.parametrize(
    ("reason", "code", "error"),
    [
        ("NODE_UNREACHABLE", grpc.StatusCode.UNAVAILABLE, kp.UnreachableError),
        ("SOURCES_FAILED", grpc.StatusCode.DATA_LOSS, kp.ContentCorruptError),
        ("CHANNEL_NOT_JOINED", grpc.StatusCode.NOT_FOUND, kp.NotFoundError),
        ("NOT_AUTHORIZED", grpc.StatusCode.PERMISSION_DENIED, kp.NotPermittedError),
        ("DISK_FULL", grpc.StatusCode.RESOURCE_EXHAUSTED, kp.StorageFullError),
    ],
)
def test_none_stands_for_nothing_but_a_file_that_nobody_has(
    reason: str,
    code: grpc.StatusCode,
    error: type[kp.KacheryError],
    scripted_daemon: ScriptedDaemon,
) -> None:
    for method in ("LoadFile", "ReadFile", "FindFile"):
        scripted_daemon.answer(method, reason=reason, code=code)
    for load in (*LOADS, read_all, lambda uri: list(kp.find_file(uri))):
        with pytest.raises(error) as caught:
            load(MISSING)
        assert caught.value.reason == reason.lower().replace("_", "-")
    # A chunk is not here, and the file that it is part of fails.
    scripted_daemon.answer("LoadFile", reason="FILE_NOT_FOUND", code=grpc.StatusCode.NOT_FOUND)
    with pytest.raises(error):
        kp.load_file(f"{MISSING}?chunkOf={'1' * 40}~0~5")


def test_an_empty_range_of_what_only_others_have(scripted_daemon: ScriptedDaemon) -> None:
    scripted_daemon.answer("StatFile", reason="FILE_NOT_FOUND", code=grpc.StatusCode.NOT_FOUND)
    scripted_daemon.answer("FindFile", v1.FindFileResponse(node_id=NODE, size_bytes=5))
    scripted_daemon.answer("FindFile", v1.FindFileResponse(node_id=NODE, size_bytes=5))
    scripted_daemon.answer("FindFile")
    assert kp.load_bytes(MISSING, 5, 5, from_node=NODE) == b""
    with pytest.raises(kp.RangeBeyondEndError):
        kp.load_bytes(MISSING, 6, 6)
    assert kp.load_bytes(MISSING, 0, 0) is None
    find = v1.FindFileRequest.FromString(scripted_daemon.requests("FindFile")[0])
    assert find == v1.FindFileRequest(uri=MISSING, sources=v1.SourceSelection(node_id=NODE))


def found(node_id: str, label: str) -> v1.FindFileResponse:
    return v1.FindFileResponse(node_id=node_id, size_bytes=5, label=label)


def test_nodes_are_told_as_they_answer(scripted_daemon: ScriptedDaemon) -> None:
    messages = (found(NODE, "lab-a"), found("c" * 64, ""))
    scripted_daemon.answer("FindFile", *messages, waits=True)
    nodes: Iterator[kp.FileProvider] = kp.find_file(MISSING, None, from_channel="lab")
    assert next(nodes) == kp.FileProvider(NODE, False, 5, "lab-a")
    assert next(nodes) == kp.FileProvider("c" * 64, False, 5, "")
    scripted_daemon.go_on()
    assert list(nodes) == []
    (request,) = scripted_daemon.requests("FindFile")
    selection = v1.SourceSelection(channel="lab")
    assert v1.FindFileRequest.FromString(request).sources == selection


def test_the_failure_at_the_end_of_a_search_comes_behind_what_was_found(
    scripted_daemon: ScriptedDaemon,
) -> None:
    scripted_daemon.answer(
        "FindFile",
        found(NODE, "lab-a"),
        reason="NODE_UNREACHABLE",
        code=grpc.StatusCode.UNAVAILABLE,
    )
    nodes = kp.find_file(MISSING)
    assert next(nodes).label == "lab-a"
    with pytest.raises(kp.UnreachableError) as caught:
        next(nodes)
    assert caught.value.reason == "node-unreachable"


def test_a_search_ends_in_time(scripted_daemon: ScriptedDaemon) -> None:
    scripted_daemon.answer("FindFile", found(NODE, "lab-a"), waits=True)
    # Whether that is before the first answer or behind it.
    assert {node.label for node in kp.find_file(MISSING, 0.2)} <= {"lab-a"}


def test_a_load_goes_on_when_the_connection_broke(
    scripted_daemon: ScriptedDaemon, content: bytes
) -> None:
    progress = v1.LoadProgress(state=v1.LOAD_STATE_DOWNLOADING, loaded_bytes=10, size_bytes=100)
    for _ in range(2):
        scripted_daemon.answer(
            "LoadFile",
            v1.LoadFileResponse(progress=progress),
            code=grpc.StatusCode.UNAVAILABLE,
        )
    uri = tell_file(scripted_daemon, content)
    assert kp.load_file(uri, from_node=NODE) is not None
    loads = scripted_daemon.requests("LoadFile")
    assert len(loads) == 3
    assert len(set(loads)) == 1


def test_a_load_that_gets_no_further_is_given_up(scripted_daemon: ScriptedDaemon) -> None:
    progress = v1.LoadProgress(state=v1.LOAD_STATE_FINDING)
    scripted_daemon.answer(
        "LoadFile", v1.LoadFileResponse(progress=progress), code=grpc.StatusCode.UNAVAILABLE
    )
    with pytest.raises(kp.DaemonNotRunningError):
        kp.load_file(MISSING)
    assert len(scripted_daemon.requests("LoadFile")) == 2


def test_asyncio_has_the_same_options(scripted_daemon: ScriptedDaemon, content: bytes) -> None:
    uri = tell_file(scripted_daemon, content)
    scripted_daemon.answer("FindFile", found(NODE, "lab-a"))

    async def collected(items: AsyncIterator[Any]) -> list[Any]:
        return [item async for item in items]

    async def main() -> None:
        assert await aio.load_bytes(uri, from_node=NODE) == content
        assert await collected(aio.read_file(uri, from_node=NODE)) == [content]
        assert [node.label for node in await collected(aio.find_file(uri, from_node=NODE))] == [
            "lab-a"
        ]
        assert await aio.load_file(uri, from_node=NODE) is not None
        with pytest.raises(kp.InvalidArgumentError):
            await aio.load_file(uri, from_node="x")

    asyncio.run(main())
    for method, message in (
        ("LoadFile", v1.LoadFileRequest),
        ("ReadFile", v1.ReadFileRequest),
        ("FindFile", v1.FindFileRequest),
    ):
        for request in scripted_daemon.requests(method):
            assert message.FromString(request).sources.node_id == NODE


def test_a_load_that_waits_can_be_cancelled(scripted_daemon: ScriptedDaemon) -> None:
    waiting = v1.LoadProgress(state=v1.LOAD_STATE_WAITING)
    scripted_daemon.answer("LoadFile", v1.LoadFileResponse(progress=waiting), waits=True)

    async def main() -> None:
        load = asyncio.create_task(aio.load_file(MISSING))
        while not scripted_daemon.requests("LoadFile"):
            await asyncio.sleep(0)
        load.cancel()
        with pytest.raises(asyncio.CancelledError):
            await load

    asyncio.run(asyncio.wait_for(main(), 60))
