"""Following subfeeds: waiting, restarts of the daemon, closing, interrupts."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from support.daemon import Daemon
from support.program import wait_until

import kachery_p2p as kp


def test_what_is_there_and_what_comes(daemon: Daemon) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_messages(["a", "b"])
    with subfeed.follow() as messages:
        assert [next(messages), next(messages)] == ["a", "b"]
        for number in range(100):
            subfeed.append_message(number)
            assert next(messages) == number
        assert messages.position == 102
    assert list(messages) == []
    assert subfeed.get_position() == 0
    assert daemon.process is not None


@pytest.mark.usefixtures("daemon")
def test_the_stream_of_the_original_moves_the_position() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_messages([1, 2, 3])
    stream = subfeed.message_stream()
    assert [next(stream), next(stream)] == [1, 2]
    assert subfeed.get_position() == 2
    assert subfeed.get_next_messages() == [3]


@pytest.mark.usefixtures("daemon")
def test_following_from_a_position_that_is_not_there_yet() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    with subfeed.follow(3) as messages:
        waiting = Waiting(lambda: next(messages))
        subfeed.append_messages([0, 1])
        subfeed.append_messages([2, 3, 4])
        assert waiting.result() == 3


@pytest.mark.usefixtures("daemon")
def test_waiting_for_a_message() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    waiting = Waiting(lambda: subfeed.get_next_messages(wait_msec=60_000))
    other = Waiting(lambda: subfeed.get_next_message(60_000, advance_position=False))
    subfeed.append_messages([1])
    assert (waiting.result(), other.result()) == ([1], 1)
    feed_id = subfeed.get_uri().split("/")[2]
    watch = {"feedId": feed_id, "subfeedName": "main", "position": 1}
    waiting = Waiting(lambda: kp.watch_for_new_messages({"x": watch}, wait_msec=60_000))
    subfeed.append_messages([2, 3])
    assert waiting.result()["x"][0] == 2


def test_no_message_is_left_out_when_the_daemon_restarts(new_daemon: Daemon) -> None:
    subfeed = kp.create_feed("name").get_subfeed("main")
    seen: list[Any] = []
    with subfeed.follow() as messages:
        follower = Waiting(lambda: seen.extend(next(messages) for _ in range(60)))
        for turn, end in enumerate((new_daemon.stop, new_daemon.kill, new_daemon.kill)):
            for number in range(20 * turn, 20 * turn + 20):
                subfeed.append_message(number)
            end()
            new_daemon.start()
        follower.result()
    assert seen == list(range(60)) == list(subfeed)


def test_appends_go_on_when_the_daemon_restarts(new_daemon: Daemon) -> None:
    subfeed = kp.create_feed("name").get_subfeed("main")
    for turn, end in enumerate((new_daemon.stop, new_daemon.kill)):
        for number in range(10 * turn, 10 * turn + 10):
            assert subfeed.append_message(number) == number
        end()
        with pytest.raises(kp.DaemonNotRunningError):
            subfeed.append_message("nobody is there")
        new_daemon.start()
    assert subfeed.append_message(20) == 20
    assert list(subfeed) == list(range(21))


def test_waiting_goes_on_when_the_daemon_restarts(new_daemon: Daemon) -> None:
    subfeed = kp.create_feed("name").get_subfeed("main")
    waiting = Waiting(lambda: subfeed.get_next_messages(wait_msec=60_000))
    new_daemon.stop()
    new_daemon.start()
    subfeed.append_message("back")
    assert waiting.result() == ["back"]
    new_daemon.kill()
    with pytest.raises(kp.DaemonNotRunningError):
        subfeed.get_next_messages(wait_msec=100)


@pytest.mark.usefixtures("own_daemon")
def test_following_ends_when_the_feed_is_deleted() -> None:
    feed = kp.create_feed()
    subfeed = feed.get_subfeed("main")
    subfeed.append_message(1)
    with subfeed.follow() as messages:
        assert next(messages) == 1
        waiting = Waiting(lambda: next(messages))
        feed.delete()
        with pytest.raises(kp.NotFoundError):
            waiting.result()
        assert list(messages) == []


@pytest.mark.usefixtures("daemon")
def test_closing_from_another_thread_ends_the_loop() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_messages([1, 2])
    messages = subfeed.follow()
    assert next(messages) == 1
    follower = Waiting(lambda: list(messages))
    wait_until(lambda: messages.position == 2)
    messages.close()
    assert follower.result() == [2]
    messages.close()


def test_closing_while_the_daemon_is_away(new_daemon: Daemon) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_message(1)
    messages = subfeed.follow()
    assert next(messages) == 1
    follower = Waiting(lambda: list(messages))
    new_daemon.kill()
    messages.close()
    assert follower.result() == []


@pytest.mark.usefixtures("daemon")
def test_what_nobody_follows_any_more_is_released() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_message(1)
    messages = subfeed.follow()
    assert next(messages) == 1
    call = messages._following._call  # pyright: ignore
    assert call.is_active()
    del messages
    assert not call.is_active()


@pytest.mark.usefixtures("daemon")
def test_many_follow_in_one_process_and_others_work_on() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_message("first")
    with ExitStack() as streams:
        followers = [streams.enter_context(subfeed.follow()) for _ in range(300)]
        assert {next(follower) for follower in followers} == {"first"}
        assert subfeed.append_message("second") == 1
        assert {next(follower) for follower in followers} == {"second"}


@pytest.mark.usefixtures("daemon")
def test_more_than_a_thousand_do_not_follow_in_one_process() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    watch = {"feedId": subfeed.get_uri().split("/")[2], "subfeedName": "main"}
    with ExitStack() as streams:
        followers = [streams.enter_context(subfeed.follow()) for _ in range(1_000)]
        for wait in (
            lambda: subfeed.follow(),
            lambda: next(subfeed.message_stream()),
            lambda: subfeed.get_next_messages(wait_msec=60_000),
            lambda: kp.watch_for_new_messages({"a": watch}, wait_msec=60_000),
        ):
            with pytest.raises(kp.TooBusyError, match=r"Close some .* watch_for_new_messages"):
                wait()
        subfeed.append_message("there")
        assert subfeed.get_next_messages() == ["there"]
        followers[0].close()
        subfeed.set_position(0)
        with subfeed.follow() as messages:
            assert next(messages) == "there"
        followers[1].close()
        assert next(subfeed.message_stream()) == "there"
        assert subfeed.get_next_messages(wait_msec=1) == []


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize("how", ["follow()", "message_stream()", "get_next_messages(10**8)"])
def test_ctrl_c_ends_a_program_that_follows(how: str) -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    subfeed.append_message("ready")
    source = f"""if True:
        import sys
        import kachery_p2p as kp

        subfeed = kp.load_subfeed(sys.argv[1])
        try:
            while True:
                for message in subfeed.{how}:
                    print(message, flush=True)
        except KeyboardInterrupt:
            print("interrupted")
    """
    program = subprocess.Popen(
        [sys.executable, "-c", source, subfeed.get_uri()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=60) == ("interrupted\n", "")
    finally:
        program.kill()
        program.communicate()


@pytest.mark.usefixtures("daemon")
def test_a_million_messages_are_read_and_followed_in_order() -> None:
    subfeed = kp.create_feed().get_subfeed("main")
    for first in range(0, 1_000_000, 10_000):
        subfeed.append_messages(range(first, first + 10_000))
    count = 0
    for message in subfeed:
        assert message == count
        count += 1
    assert count == 1_000_000
    with subfeed.follow(900_000) as messages:
        assert [next(messages) for _ in range(100_000)] == list(range(900_000, 1_000_000))


class Waiting:
    """A call in a thread of its own."""

    def __init__(self, call: Any) -> None:
        self._outcome: list[Any] = []
        self._error: BaseException | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> Any:
        """What it returned, when it has."""
        self._thread.join(60)
        assert not self._thread.is_alive(), "the call has not returned"
        if self._error is not None:
            raise self._error
        return self._outcome[0]

    def _run(self) -> None:
        try:
            self._outcome.append(self._call())
        except BaseException as error:
            self._error = error
