"""Files that another node has, between real daemons."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from support.content import sha1_of
from support.daemon import Daemon
from support.network import CHANNEL, Network, use_node

import kachery_p2p as kp
from kachery_p2p import aio

MISSING = "sha1://" + "0" * 40
STRANGER = "b" * 64


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Two nodes that share a channel; the first is the one that others are told of."""
    network = Network(tmp_path_factory.mktemp("network"), ["lab-a", "lab-b"])
    yield network
    network.stop()


@pytest.fixture
def keeper(network: Network) -> Daemon:
    """The node that has the files."""
    return network.nodes[0]


@pytest.fixture
def store(network: Network, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Any]:
    """Does something, such as to store a file, as a user of the keeper; others use the other."""
    keeper, other = network.nodes
    use_node(monkeypatch, other)

    def at_keeper(work: Callable[[], Any]) -> Any:
        use_node(monkeypatch, keeper)
        try:
            return work()
        finally:
            use_node(monkeypatch, other)

    return at_keeper


Store = Callable[[Callable[[], Any]], Any]


def test_every_form_of_loading(store: Store, tmp_path: Path) -> None:
    mark = os.urandom(8).hex()
    array = np.frombuffer(os.urandom(800))
    text, value, pickled, npy = store(
        lambda: (
            kp.store_text(mark),
            kp.store_json({"a": mark}),
            kp.store_pkl([mark, 1]),
            kp.store_npy(array),
        )
    )
    assert kp.load_text(text) == mark
    assert kp.load_json(value) == {"a": mark}
    assert kp.load_object(value) == {"a": mark}
    assert kp.load_pkl(pickled) == [mark, 1]
    np.testing.assert_array_equal(kp.load_npy(npy, "r"), array)  # type: ignore[arg-type]
    copy = tmp_path / "copy"
    assert kp.load_file(store(lambda: kp.store_text(mark * 2)), dest=copy) == str(copy)
    assert copy.read_text() == mark * 2


@pytest.mark.parametrize("size", [0, 1, 3_000_000, 45_000_000])
def test_files_of_all_sizes(store: Store, size: int) -> None:
    content = os.urandom(size)
    uri = store(lambda: kp.store_bytes(content))
    path = kp.load_file(uri)
    assert path is not None
    assert Path(path).read_bytes() == content
    assert kp.load_file(uri, p2p=False) == path


def test_a_linked_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "linked.dat").write_bytes(os.urandom(1000))
    uri = store(lambda: kp.link_file(tmp_path / "linked.dat"))
    assert kp.load_bytes(uri) == (tmp_path / "linked.dat").read_bytes()


def test_nobody_is_asked_who_should_not_be(store: Store) -> None:
    uri = store(lambda: kp.store_bytes(os.urandom(100)))
    for load in (kp.load_file, kp.load_text, kp.load_bytes):
        assert load(uri, p2p=False) is None
    with pytest.raises(kp.NotFoundError) as caught:
        list(kp.read_file(uri, p2p=False))
    assert caught.value.reason == "file-not-found"
    assert kp.get_file_info(uri) is None
    assert kp.load_file(uri) is not None
    assert kp.get_file_info(uri) is not None


def test_one_node_may_be_asked(store: Store, keeper: Daemon) -> None:
    content = os.urandom(100)
    uri = store(lambda: kp.store_bytes(content))
    for load in (kp.load_file, kp.load_bytes, lambda uri, **who: list(kp.find_file(uri, **who))):
        with pytest.raises(kp.NotPermittedError) as caught:
            load(uri, from_node=STRANGER)
        assert caught.value.reason == "not-authorized"
    assert [node.node_id for node in kp.find_file(uri, from_node=keeper.node_id)] == [
        keeper.node_id
    ]
    assert kp.load_bytes(uri, from_node=keeper.node_id) == content


def test_the_nodes_of_one_channel_may_be_asked(store: Store, network: Network) -> None:
    for channel in (CHANNEL, str(network.channel)):
        content = os.urandom(100)
        uri = store(lambda content=content: kp.store_bytes(content))
        for load in (
            kp.load_file,
            kp.load_bytes,
            lambda uri, **who: list(kp.find_file(uri, **who)),
        ):
            with pytest.raises(kp.NotFoundError) as caught:
                load(uri, from_channel="another-channel")
            assert caught.value.reason == "channel-not-joined"
        assert kp.load_bytes(uri, from_channel=channel) == content


def test_ranges_bring_only_what_they_touch(store: Store) -> None:
    content = os.urandom(65_000_000)
    uri = store(lambda: kp.store_bytes(content))
    assert kp.load_bytes(uri, 19_999_990, 20_000_010) == content[19_999_990:20_000_010]
    assert kp.load_file(uri, p2p=False) is None
    assert b"".join(kp.read_file(uri, 64_000_000)) == content[64_000_000:]
    assert kp.load_bytes(uri, 7, 7) == b""
    for start, end in ((0, len(content) + 1), (len(content) + 1, len(content) + 1)):
        with pytest.raises(kp.RangeBeyondEndError):
            kp.load_bytes(uri, start, end)
    assert kp.load_bytes(uri) == content


def test_who_has_a_file(store: Store, network: Network) -> None:
    keeper, other = network.nodes
    uri = store(lambda: kp.store_bytes(os.urandom(100)))
    assert list(kp.find_file(uri)) == [kp.FileProvider(keeper.node_id, False, 100, "lab-a")]
    kp.load_file(uri)
    first, second = kp.find_file(uri, from_channel=CHANNEL)
    assert (first.node_id, first.is_local) == (other.node_id, True)
    assert second == kp.FileProvider(keeper.node_id, False, 100, "lab-a")


@pytest.mark.usefixtures("store")
def test_what_nobody_has_is_none() -> None:
    assert kp.load_file(MISSING) is None
    assert kp.load_bytes(MISSING, 0, 1) is None
    assert kp.load_bytes(MISSING, 1, 1) is None
    assert kp.load_text(f"sha1dir://{'0' * 40}/x") is None
    assert kp.load_file(f"{MISSING}?chunkOf={'1' * 40}~0~5") is None
    assert list(kp.find_file(MISSING)) == []


def test_directories_and_chunks(store: Store) -> None:
    content = os.urandom(25_000_000)
    sha1 = sha1_of(content)
    listing = {"files": {"a.dat": {"size": len(content), "sha1": sha1}}, "dirs": {}}
    directory = store(lambda: (kp.store_bytes(content), kp.store_text(json.dumps(listing)))[1])
    uri = directory.replace("sha1://", "sha1dir://").replace("/file.txt", "/a.dat")
    part = content[1000:50_000]
    chunk = f"sha1://{sha1_of(part)}?chunkOf={sha1}~1000~50000"
    for load in (kp.load_file, kp.load_bytes):
        assert load(uri, p2p=False) is None
        assert load(chunk, p2p=False) is None
    path = kp.load_file(chunk)
    assert path is not None
    assert Path(path).read_bytes() == part
    assert kp.load_bytes(uri, 5, 50) == content[5:50]
    assert kp.load_bytes(uri) == content


def test_a_batch(store: Store) -> None:
    contents = [os.urandom(100 + k) for k in range(300)]
    uris = store(lambda: kp.store_bytes_batch(contents))
    assert list(kp.load_bytes_batch([*uris, MISSING])) == [*contents, None]


def test_asyncio(store: Store, keeper: Daemon) -> None:
    contents = [os.urandom(1000 + k) for k in range(20)]
    uris = store(lambda: kp.store_bytes_batch(contents))

    async def main() -> None:
        loads = (aio.load_bytes(uri, from_node=keeper.node_id) for uri in uris)
        assert await asyncio.gather(*loads) == contents

    asyncio.run(main())


def test_a_node_that_is_away_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(tmp_path / "network", ["lab-a", "lab-b"])
    try:
        keeper, other = network.nodes
        use_node(monkeypatch, keeper)
        uri = kp.store_text("back again")
        keeper.kill()
        use_node(monkeypatch, other)
        for load in (
            kp.load_file,
            kp.load_text,
            lambda uri: kp.load_bytes(uri, 0, 1),
            lambda uri: list(kp.find_file(uri, None)),
        ):
            with pytest.raises(kp.UnreachableError, match="lab-a") as caught:
                load(uri)
            assert caught.value.reason == "node-unreachable"
        assert kp.load_text(uri, p2p=False) is None
        keeper.start()
        assert kp.load_text(uri) == "back again"
    finally:
        network.stop()
