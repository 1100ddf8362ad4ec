"""Feeds and their subfeeds: making, finding, writing, reading, snapshots, rules."""

from __future__ import annotations

import json
import os
import pickle
import secrets
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from support.daemon import REPOSITORY, Daemon
from support.program import run_program

import kachery_p2p as kp
from kachery_p2p import v1
from kachery_p2p._feed_names import parse_feed_uri, subfeed_name

pytestmark = pytest.mark.usefixtures("own_daemon")

VALUES: list[Any] = [
    None,
    True,
    0,
    -1.5,
    2**63,
    -(10**40),
    "",
    "é 😀 \u2028 \x00 \x7f",
    "\ud800",
    [],
    {},
    {"a": [1, {"b": None}], "": 0, "ü": "ü"},
]


def new_name() -> str:
    return f"feed {secrets.token_hex(8)}"


def append_bytes(daemon: Daemon, subfeed: kp.Subfeed, contents: list[bytes]) -> None:
    """Appends what need not be JSON, as another program may."""
    feed_id = parse_feed_uri(subfeed.get_uri()).feed_id
    key = v1.SubfeedKey(feed_id=feed_id, hash=subfeed.get_subfeed_hash())
    metadata = (("authorization", f"Bearer {daemon.client_token()}"),)
    with grpc.insecure_channel(f"127.0.0.1:{daemon.port}") as channel:
        request = v1.AppendMessagesRequest(subfeed=key, messages=contents)
        v1.FeedServiceStub(channel).AppendMessages(request, metadata=metadata)


def test_a_feed_is_found_by_name_address_and_id() -> None:
    name = new_name()
    feed = kp.create_feed(name)
    assert feed.get_uri() == f"feed://{feed.get_feed_id()}"
    assert (feed.is_writeable(), feed.is_snapshot(), feed.get_feed_name()) == (True, False, name)
    for known in (name, feed.get_uri(), feed.get_feed_id()):
        assert kp.load_feed(known).get_feed_id() == feed.get_feed_id()
    assert kp.get_feed_id(name) == feed.get_feed_id()
    assert kp.create_feed().get_feed_name() is None


def test_a_name_is_not_given_twice() -> None:
    name = new_name()
    feed = kp.create_feed(name)
    with pytest.raises(kp.ConflictError) as caught:
        kp.create_feed(name)
    assert caught.value.reason == "already-exists"
    assert kp.load_feed(name, create=True).get_feed_id() == feed.get_feed_id()


def test_a_feed_that_is_not_there() -> None:
    name = new_name()
    for missing in (name, "feed://" + "0" * 64):
        with pytest.raises(kp.NotFoundError) as caught:
            kp.load_feed(missing)
        assert caught.value.reason == "feed-not-found"
    with pytest.raises(kp.NotFoundError):
        kp.load_feed("feed://" + "0" * 64, create=True)
    assert kp.get_feed_id(name) is None
    made = kp.get_feed_id(name, create=True)
    assert made is not None
    assert made == kp.get_feed_id(name, create=True)


def test_a_deleted_feed_stays_deleted() -> None:
    name = new_name()
    subfeed = kp.create_feed(name).get_subfeed("main")
    subfeed.append_message(1)
    kp.delete_feed(name)
    for use in (
        lambda: subfeed.append_message(2),
        lambda: subfeed.get_next_messages(),
        lambda: subfeed.get_num_local_messages(),
        lambda: kp.load_subfeed(subfeed.get_uri()),
        lambda: next(subfeed.follow()),
        lambda: kp.delete_feed(name),
    ):
        with pytest.raises(kp.NotFoundError) as caught:
            use()
        assert caught.value.reason == "feed-not-found"
    assert kp.create_feed(name).get_uri() not in subfeed.get_uri()


def test_only_the_owner_of_the_daemon_deletes(monkeypatch: pytest.MonkeyPatch) -> None:
    feed_id = kp.create_feed().get_feed_id()
    monkeypatch.delenv("KACHERY_P2P_CONFIG_DIR")
    feed = kp.load_feed(feed_id)
    with pytest.raises(kp.NotPermittedError) as caught:
        feed.delete()
    assert caught.value.reason == "owner-only"
    with pytest.raises(kp.NotPermittedError):
        feed.get_subfeed("main").grant_write_access("0" * 64)


def test_messages_come_back_as_they_were() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    assert [subfeed.append_message(value) for value in VALUES] == list(range(len(VALUES)))
    assert subfeed.append_messages(VALUES) == len(VALUES)
    assert list(subfeed) == VALUES * 2
    assert repr(list(subfeed)) == repr(VALUES * 2)
    assert subfeed.get_num_local_messages() == 2 * len(VALUES)
    assert subfeed.get_position() == 0


def test_reading_moves_the_position() -> None:
    subfeed = kp.create_feed().get_subfeed({"kind": "numbers"})
    assert subfeed.get_next_messages(wait_msec=0) == []
    assert subfeed.get_next_message(wait_msec=0) is None
    assert subfeed.get_num_local_messages() == 0
    subfeed.append_messages(range(10))
    assert subfeed.get_next_message() == 0
    assert subfeed.get_next_message(advance_position=False) == 1
    assert subfeed.get_next_messages(max_num_messages=3) == [1, 2, 3]
    assert subfeed.get_next_messages(advance_position=False) == list(range(4, 10))
    assert subfeed.get_position() == 4
    assert subfeed.get_next_messages() == list(range(4, 10))
    assert subfeed.get_next_messages(wait_msec=0) == []
    for beyond in (10, 11, 2**53 - 1):
        subfeed.set_position(beyond)
        assert subfeed.get_next_messages(wait_msec=0) == []
    subfeed.set_position(8)
    assert subfeed.get_next_messages() == [8, 9]
    assert kp.load_subfeed(subfeed.get_uri()).get_position() == 0


@pytest.mark.parametrize("position", [-1, 2**53, 1.5, "1"])
def test_positions_that_cannot_be(position: Any) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    with pytest.raises(kp.InvalidArgumentError):
        subfeed.set_position(position)
    with pytest.raises(kp.InvalidArgumentError):
        subfeed.follow(position)
    with pytest.raises(kp.InvalidArgumentError):
        subfeed.append_message(1, expected_length=position)


@pytest.mark.parametrize(
    "message",
    [
        float("nan"),
        float("-inf"),
        b"bytes",
        {1, 2},
        object(),
        {(1, 2): 3},
        [1j],
        {"a": float("nan")},
    ],
    ids=repr,
)
def test_what_is_no_json_is_refused_before_anything_is_sent(message: Any) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    for append in (subfeed.append_messages, subfeed.submit_messages):
        with pytest.raises(kp.InvalidArgumentError) as caught:
            append([1, message])
        assert caught.value.reason == "invalid-argument"
    assert subfeed.get_num_local_messages() == 0


def test_what_is_too_large_is_refused() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    largest = "x" * (2**20 - 2)
    for messages in ([largest + "x"], [0] * 10_001, [largest] * 6 + ["x"]):
        with pytest.raises(kp.InvalidArgumentError) as caught:
            subfeed.append_messages(messages)
        assert caught.value.reason == "too-large"
    for messages in ([], "text", {"a": 1}):
        with pytest.raises(kp.InvalidArgumentError):
            subfeed.append_messages(messages)
    assert subfeed.append_messages([largest] * 6) == 0
    assert subfeed.append_messages([0] * 10_000) == 6
    assert list(subfeed) == [largest] * 6 + [0] * 10_000


def test_an_append_to_an_expected_length() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    assert subfeed.append_message("first", expected_length=0) == 0
    with pytest.raises(kp.ConflictError) as caught:
        subfeed.append_message("second", expected_length=0)
    assert (caught.value.reason, caught.value.details["length"]) == ("append-conflict", "1")
    assert subfeed.append_message("second", expected_length=1) == 1


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "a b/é?#%~",
        "~" + "0" * 40,
        None,
        True,
        17,
        1.0,
        1e21,
        1e23,
        -(2**60),
        2.0**70,
        [1, "ü"],
        {"b": 1, "a": [0.1]},
    ],
    ids=repr,
)
def test_subfeeds_of_every_kind_of_name(name: Any) -> None:
    feed = kp.create_feed()
    subfeed = feed.get_subfeed(name)
    assert subfeed.get_subfeed_name() == name
    subfeed.append_message("here")
    (info,) = feed.list_subfeeds()
    assert info.name in (name, f"~{info.hash}")
    assert (info.hash, info.length) == (subfeed.get_subfeed_hash(), 1)
    for again in (name, info.name, "~" + info.hash):
        assert list(feed.get_subfeed(again)) == ["here"]
    assert list(kp.load_subfeed(subfeed.get_uri())) == ["here"]
    assert info.timestamp is not None


def test_names_of_subfeeds_that_cannot_be() -> None:
    feed = kp.create_feed()
    deep: Any = []
    for _ in range(2000):
        deep = [deep]
    for name in ("\ud800", float("nan"), {1, 2}, "x" * 4096, 10**400, deep):
        with pytest.raises(kp.InvalidArgumentError):
            feed.get_subfeed(name)
    for name in (2**53 + 1, -(2**53) - 1, [{"run": 2**60 + 1}], 10**23):
        with pytest.raises(kp.InvalidArgumentError, match="compared as a double"):
            feed.get_subfeed(name)
    assert list(feed.get_subfeed("")) == []
    assert feed.get_subfeed("").get_uri().endswith("~da39a3ee5e6b4b0d3255bfef95601890afd80709")


@pytest.mark.parametrize("letter", [" ", "é", "x"])
def test_addresses_with_long_names(letter: str) -> None:
    feed = kp.create_feed()
    room = 4096 - len(feed.get_uri() + "/")
    quoted_length = len(quote(letter))
    for count in (room // quoted_length, room // quoted_length + 1):
        name = letter * count
        if len(json.dumps(name)) > 4096:
            continue
        subfeed = feed.get_subfeed(name)
        uri = subfeed.get_uri()
        assert uri.endswith(f"/~{subfeed.get_subfeed_hash()}") == (quoted_length * count > room)
        assert len(uri) <= 4096
        subfeed.append_message(count)
        assert list(kp.load_subfeed(uri)) == [count]
        with kp.load_subfeed(uri).follow() as messages:
            assert next(messages) == count


def test_names_of_feeds_that_cannot_be() -> None:
    half = "half a pair: \ud800"
    for use in (kp.create_feed, kp.load_feed, kp.get_feed_id, kp.delete_feed):
        with pytest.raises(kp.InvalidArgumentError, match="half a surrogate pair"):
            use(half)
    for name in ("", "x" * 1_001, "0" * 64, "feed://x", "sha1://x", "sha1dir://x"):
        with pytest.raises(kp.InvalidArgumentError):
            kp.create_feed(name)


def test_names_have_the_hashes_of_the_vectors() -> None:
    vectors = json.loads((REPOSITORY / "test" / "vectors" / "feed.json").read_text())
    assert vectors["names"]
    for vector in vectors["names"]:
        assert subfeed_name(json.loads(vector["nameJson"])).hash == vector["hash"], vector


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "feed://",
        "feed://x/main",
        "feed://" + "A" * 64 + "/main",
        "feed://" + "0" * 64,
        "feed://" + "0" * 64 + "/%ff",
        "feed://" + "0" * 64 + "/a?b",
        "sha1://" + "0" * 40,
    ],
)
def test_malformed_addresses_of_subfeeds(uri: str) -> None:
    with pytest.raises(kp.InvalidArgumentError) as caught:
        kp.load_subfeed(uri)
    assert caught.value.reason == "invalid-uri"


def test_many_subfeeds_are_listed() -> None:
    feed = kp.create_feed()
    assert list(feed.list_subfeeds()) == []
    for number in range(1_005):
        feed.get_subfeed(number).append_messages([number] * (number % 3 + 1))
    infos = list(feed.list_subfeeds())
    assert [info.hash for info in infos] == sorted(info.hash for info in infos)
    assert {info.name: info.length for info in infos} == {n: n % 3 + 1 for n in range(1_005)}


def test_signed_messages_have_what_a_verifier_needs() -> None:
    feed = kp.create_feed()
    subfeed = feed.get_subfeed("main")
    subfeed.append_messages(["a", {"b": 2}])
    subfeed.append_message("c")
    messages = subfeed.get_next_messages(signed=True, advance_position=False)
    assert [signed.message for signed in messages] == ["a", {"b": 2}, "c"]
    assert [signed.content for signed in messages] == [b'"a"', b'{"b":2}', b'"c"']
    assert [signed.position for signed in messages] == [0, 1, 2]
    assert [signed.signature is None for signed in messages] == [True, False, False]
    hashes = [signed.hash for signed in messages]
    assert [signed.previous_hash for signed in messages] == ["0" * 64, *hashes[:2]]
    assert {signed.feed_id for signed in messages} == {feed.get_feed_id()}
    assert messages[0].submitter_node_id is None
    assert subfeed.get_next_message(signed=True) == messages[0]
    assert subfeed.get_next_messages(signed=True, max_num_messages=1) == messages[1:2]
    with subfeed.follow(0, signed=True) as stream:
        assert [next(stream) for _ in range(3)] == messages


def test_submitted_messages_name_their_node(own_daemon: Daemon) -> None:
    subfeed = kp.create_feed().get_subfeed("inbox")
    assert subfeed.get_access_rules() == {"rules": []}
    with pytest.raises(kp.NotPermittedError) as caught:
        subfeed.submit_message("too soon")
    assert caught.value.reason == "submit-not-allowed"
    subfeed.grant_write_access(own_daemon.node_id)
    rule = {"nodeId": own_daemon.node_id, "write": True}
    assert subfeed.get_access_rules() == {"rules": [rule]}
    assert subfeed.submit_messages(["a", "b"]) == 0
    (first, _) = subfeed.get_next_messages(signed=True)
    assert first.submitter_node_id == own_daemon.node_id
    subfeed.revoke_write_access(own_daemon.node_id)
    subfeed.revoke_write_access(own_daemon.node_id)
    assert subfeed.get_access_rules() == {"rules": []}
    subfeed.set_access_rules({"rules": [{"nodeId": "1" * 64, "write": False}]})
    assert subfeed.get_access_rules() == {"rules": [{"nodeId": "1" * 64, "write": False}]}


@pytest.mark.parametrize(
    "rules",
    [
        None,
        {},
        {"rules": 1},
        {"rules": [1]},
        {"rules": [{"nodeId": "x", "write": True}]},
        {"rules": [{"nodeId": "0" * 64}]},
        {"rules": [{"nodeId": "0" * 64, "write": True}] * 2},
    ],
)
def test_malformed_access_rules(rules: Any) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    with pytest.raises(kp.InvalidArgumentError):
        subfeed.set_access_rules(rules)
    with pytest.raises(kp.InvalidArgumentError):
        subfeed.grant_write_access("me")


def test_snapshots_are_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    feed = kp.create_feed()
    feed.get_subfeed("a").append_messages(VALUES)
    feed.get_subfeed({"b": 1}).append_message("b")
    uri = feed.create_snapshot()
    assert uri.startswith("sha1://")
    assert uri.endswith("/feed.json")
    hashes = [feed.get_subfeed(name).get_subfeed_hash() for name in ("a", {"b": 1})]
    assert kp.load_json(uri) == {
        "subfeeds": {
            hashes[0]: {"subfeedHash": hashes[0], "messages": VALUES},
            hashes[1]: {"subfeedHash": hashes[1], "messages": ["b"]},
        }
    }
    content = kp.load_bytes(uri)
    assert content is not None
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(tmp_path))
    check_snapshot(kp.load_feed(kp.store_bytes(content, "feed.json")))


def check_snapshot(snapshot: kp.Feed) -> None:
    assert (snapshot.is_snapshot(), snapshot.is_writeable()) == (True, False)
    assert {info.length for info in snapshot.list_subfeeds()} == {1, len(VALUES)}
    subfeed = snapshot.get_subfeed("a")
    assert (subfeed.is_snapshot(), subfeed.is_writeable()) == (True, False)
    assert list(subfeed) == list(subfeed.follow()) == list(subfeed.message_stream()) == VALUES
    assert subfeed.get_next_messages(wait_msec=100_000) == []
    assert subfeed.get_num_local_messages() == len(VALUES)
    subfeed.set_position(1)
    assert subfeed.get_next_messages(max_num_messages=2) == VALUES[1:3]
    assert snapshot.create_snapshot() == snapshot.get_uri()
    for change in (
        lambda: subfeed.append_message(1),
        lambda: subfeed.submit_message(1),
        lambda: subfeed.grant_write_access("0" * 64),
        lambda: snapshot.delete(),
    ):
        with pytest.raises(kp.NotPermittedError) as caught:
            change()
        assert caught.value.reason == "feed-not-writeable"
    with pytest.raises(kp.NotFoundError, match="does not have the subfeed"):
        snapshot.get_subfeed("c")
    for unfit in (snapshot.get_feed_id, lambda: subfeed.get_next_messages(signed=True)):
        with pytest.raises(kp.InvalidArgumentError):
            unfit()


def test_a_snapshot_of_some_subfeeds() -> None:
    feed = kp.create_feed()
    feed.get_subfeed("a").append_message(1)
    feed.get_subfeed("b").append_message(2)
    snapshot = kp.load_feed(feed.create_snapshot(["b", "none"]))
    assert [list(snapshot.get_subfeed(name)) for name in ("b", "none")] == [[2], []]
    with pytest.raises(kp.NotFoundError):
        snapshot.get_subfeed("a")


def test_files_that_are_no_snapshots() -> None:
    for value in (1, [], {}, {"subfeeds": []}, {"subfeeds": {"a": {"messages": 1}}}):
        with pytest.raises(kp.InvalidArgumentError, match="no snapshot"):
            kp.load_feed(kp.store_json(value))
    with pytest.raises(kp.NotFoundError) as caught:
        kp.load_feed("sha1://" + "0" * 40)
    assert caught.value.reason == "file-not-found"


def test_messages_of_other_programs_need_not_be_json(own_daemon: Daemon) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    contents = [b" 1 ", b"", b"\xff", b"{", b"NaN", b"1 2", b'"ok"']
    append_bytes(own_daemon, subfeed, contents)
    assert subfeed.get_next_message() == 1
    for position in range(1, 6):
        subfeed.set_position(position)
        with pytest.raises(kp.InvalidArgumentError, match=f"position {position} is not JSON"):
            subfeed.get_next_messages()
        assert subfeed.get_position() == position
        with subfeed.follow() as stream, pytest.raises(kp.InvalidArgumentError):
            next(stream)
        assert (stream.position, list(stream)) == (position, [])
    signed = subfeed.get_next_messages(signed=True, advance_position=False)
    assert [message.content for message in signed] == contents[5:]
    assert signed[1].message == "ok"
    assert next(subfeed.follow(6)) == "ok"


def test_watching_many_subfeeds() -> None:
    feed = kp.create_feed()
    full, empty = feed.get_subfeed("full"), feed.get_subfeed("empty")
    full.append_messages([1, 2, 3])
    watches = {
        "a": {"feedId": feed.get_feed_id(), "subfeedName": "full", "position": 1},
        "b": {"feedId": feed.get_feed_id(), "subfeedHash": empty.get_subfeed_hash()},
        "c": {"feedId": feed.get_feed_id(), "subfeedName": "full", "position": 3},
    }
    assert kp.watch_for_new_messages(watches) == {"a": [2, 3], "b": [], "c": []}
    signed = kp.watch_for_new_messages(watches, signed=True)
    assert [message.message for message in signed["a"]] == [2, 3]
    del watches["a"]
    assert kp.watch_for_new_messages(watches, wait_msec=20) == {"b": [], "c": []}
    assert kp.watch_for_new_messages({}) == {}
    for watch in (
        {},
        {"feedId": "x"},
        {"feedId": "0" * 64},
        {"feedId": "0" * 64, "subfeedHash": 1},
    ):
        with pytest.raises(kp.InvalidArgumentError):
            kp.watch_for_new_messages({"a": watch})


def test_printing(capsys: pytest.CaptureFixture[str]) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_messages(["a", {"b": 2}])
    subfeed.print_messages()
    assert capsys.readouterr().out == '"a"\n{"b": 2}\n'
    subfeed.print_signed_messages()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["a", {"b": 2}]
    assert len(lines[1]["signature"]) == 128


def test_offline_feeds_say_that_they_need_a_daemon(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KACHERY_P2P_OFFLINE_STORAGE_DIR", str(tmp_path))
    for use in (
        lambda: kp.create_feed(),
        lambda: kp.load_feed("name"),
        lambda: kp.load_subfeed("feed://" + "0" * 64 + "/main"),
        lambda: kp.delete_feed("name"),
        lambda: kp.get_feed_id("name"),
        lambda: kp.watch_for_new_messages({}),
    ):
        with pytest.raises(kp.OfflineError, match="Feeds are kept by a daemon"):
            use()


def test_subfeeds_travel_between_processes() -> None:
    subfeed = kp.create_feed().get_subfeed("main", position=1)
    twin = pickle.loads(pickle.dumps(subfeed))
    twin.append_messages([1, 2])
    assert (subfeed.get_next_messages(), twin.get_uri()) == ([2], subfeed.get_uri())


def test_forked_processes_append_and_follow() -> None:
    output = run_program(
        """
        import os, threading
        import kachery_p2p as kp

        subfeed = kp.create_feed().get_subfeed("main")
        count, followed = 6, []

        def follow():
            with subfeed.follow() as messages:
                for message in messages:
                    followed.append(message)
                    if len(followed) == 2 * count:
                        return

        thread = threading.Thread(target=follow)
        thread.start()
        for number in range(count):
            child = os.fork()
            if child == 0:
                try:
                    subfeed.append_message(number)
                    assert number in subfeed
                    with subfeed.follow() as messages:
                        assert number in messages
                    os._exit(0)
                finally:
                    os._exit(1)
            subfeed.append_message("parent")
            assert os.waitpid(child, 0)[1] == 0
        thread.join()
        assert followed == list(subfeed), followed
        print(sorted(map(str, followed)))
        """
    )
    assert output.strip() == str(sorted([str(n) for n in range(6)] + ["parent"] * 6))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pools_of_processes_append(method: str) -> None:
    run_program(
        """
        import multiprocessing, sys
        import kachery_p2p as kp
        from support.work import append_all

        subfeed = kp.create_feed().get_subfeed("main")
        subfeed.append_message(0)
        with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
            positions = pool.starmap(append_all, [(subfeed, [n] * 5) for n in range(20)])
        assert sorted(positions) == list(range(1, 101, 5)), positions
        messages = list(subfeed)
        for n, position in enumerate(positions):
            assert messages[position : position + 5] == [n] * 5
        """,
        method,
    )


def test_a_user_without_a_token_is_told(
    remote_daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kp.create_feed().is_writeable()
    assert remote_daemon.process is not None
    monkeypatch.setenv("KACHERY_P2P_CLIENT_TOKEN", "not the token")
    with pytest.raises(kp.NotPermittedError) as caught:
        kp.create_feed()
    assert caught.value.reason == "token-invalid"


def test_no_daemon_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    monkeypatch.setenv("KACHERY_P2P_API_PORT", "1")
    with pytest.raises(kp.DaemonNotRunningError):
        kp.create_feed()
    subfeed.append_message("the daemon of the feed is another one")
    assert os.environ["KACHERY_P2P_API_PORT"] == "1"


def test_threads_append_at_once() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    positions: list[int] = []

    def append(number: int) -> None:
        for turn in range(25):
            positions.append(subfeed.append_message([number, turn]))

    threads = [threading.Thread(target=append, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(positions) == list(range(200))
    messages = list(subfeed)
    for number in range(8):
        assert [turn for who, turn in messages if who == number] == list(range(25))
