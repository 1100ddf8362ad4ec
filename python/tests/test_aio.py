"""The package for asyncio."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.content import sparse_file
from support.daemon import Daemon
from support.program import run_program, wait_until

import kachery_p2p as kp
from kachery_p2p import aio


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Runs it; fails if anything is left behind, or complained of."""
    complaints: list[Any] = []

    async def watched() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
        return await asyncio.wait_for(main, 60)

    result = asyncio.run(watched())
    assert complaints == []
    wait_until(lambda: not is_any_waiting())
    return result


def is_any_waiting() -> bool:
    """Whether a thread waits for messages."""
    return any(each.name == "kachery-wait" for each in threading.enumerate())


async def no_thread_waits() -> None:
    """Returns when none does any more."""
    while is_any_waiting():
        await asyncio.sleep(0)


@pytest.mark.parametrize("mode", ["storage", "own_daemon", "remote_daemon"])
def test_files(mode: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    request.getfixturevalue(mode)

    async def main() -> None:
        (tmp_path / "a.txt").write_text("a")
        uri = await aio.store_file(tmp_path / "a.txt")
        assert await aio.load_text(uri) == "a"
        assert await aio.load_file(uri, dest=tmp_path / "copy") == str(tmp_path / "copy")
        assert await aio.load_json(await aio.store_json({"a": [1]})) == {"a": [1]}
        array = await aio.load_npy(await aio.store_npy(np.arange(5)))
        assert array is not None
        assert array.tolist() == [0, 1, 2, 3, 4]
        large = await aio.store_bytes(bytes(3_000_000))
        assert await aio.load_bytes(large, 10, 20) == bytes(10)
        assert sum([len(piece) async for piece in aio.read_file(large)]) == 3_000_000
        async for piece in aio.read_file(large):
            assert len(piece) > 0
            break
        uris = await aio.store_bytes_batch([b"x", b"y"])
        batch = aio.load_bytes_batch([*uris, "sha1://" + "0" * 40])
        assert [content async for content in batch] == [b"x", b"y", None]
        info = await aio.get_file_info(large)
        assert info is not None
        assert info.size == 3_000_000
        texts = [f"text {number}" for number in range(100)]
        uris = await asyncio.gather(*map(aio.store_text, texts))
        assert await asyncio.gather(*map(aio.load_text, uris)) == texts
        assert await aio.load_text("sha1://" + "0" * 40) is None
        with pytest.raises(kp.InvalidArgumentError):
            await aio.load_file("sha1://x")

    run(main())


@pytest.mark.usefixtures("own_daemon")
def test_feeds() -> None:
    async def main() -> None:
        feed = await aio.create_feed()
        subfeed = feed.get_subfeed("main")
        assert await subfeed.append_message("a") == 0
        assert await subfeed.append_messages(["b", "c"], expected_length=1) == 1
        assert [message async for message in subfeed] == ["a", "b", "c"]
        assert await subfeed.get_next_message() == "a"
        assert await subfeed.get_next_messages(max_num_messages=1) == ["b"]
        assert (await subfeed.get_next_messages(signed=True))[0].message == "c"
        assert await subfeed.get_next_messages(wait_msec=0) == []
        assert subfeed.get_position() == await subfeed.get_num_local_messages() == 3
        await subfeed.grant_write_access(await aio.get_node_id())
        assert await subfeed.submit_message("d") == 3
        await subfeed.revoke_write_access(await aio.get_node_id())
        assert await subfeed.get_access_rules() == {"rules": []}
        assert [info.length async for info in feed.list_subfeeds()] == [4]
        snapshot = await aio.load_feed(await feed.create_snapshot())
        messages = [message async for message in snapshot.get_subfeed("main").follow()]
        assert messages == ["a", "b", "c", "d"]
        again = await aio.load_subfeed(subfeed.get_uri())
        assert [message async for message in again] == messages
        watch = {"feedId": feed.get_feed_id(), "subfeedName": "main", "position": 3}
        assert await aio.watch_for_new_messages({"x": watch}) == {"x": ["d"]}
        await feed.delete()
        with pytest.raises(kp.NotFoundError):
            await again.append_message(1)

    run(main())


@pytest.mark.usefixtures("daemon")
def test_mutables() -> None:
    async def main() -> None:
        await aio.set("aio", [1], expected=kp.MISSING)
        assert await aio.get("aio") == [1]
        assert await aio.delete("aio")
        assert await aio.get_string("aio") is None

    run(main())


@pytest.mark.usefixtures("daemon")
def test_many_follow_while_others_append() -> None:
    count = 50

    async def follow(subfeed: aio.Subfeed) -> list[Any]:
        messages: list[Any] = []
        async with subfeed.follow() as stream:
            async for message in stream:
                messages.append(message)
                if len(messages) == count:
                    break
        return messages

    async def main() -> None:
        subfeed = (await aio.create_feed()).get_subfeed("main")
        followers = [asyncio.create_task(follow(subfeed)) for _ in range(40)]
        await asyncio.gather(*(subfeed.append_message(number) for number in range(count)))
        messages = [message async for message in subfeed]
        assert sorted(messages) == list(range(count))
        for follower in followers:
            assert await follower == messages

    run(main())


@pytest.mark.usefixtures("daemon")
def test_a_cancelled_follower_ends_and_may_go_on() -> None:
    async def main() -> None:
        subfeed = (await aio.create_feed()).get_subfeed("main")
        await subfeed.append_messages([0, 1])
        stream = subfeed.follow()
        assert [await stream.__anext__(), await stream.__anext__()] == [0, 1]
        for number in range(2, 12):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(stream.__anext__(), 0.001)
            await no_thread_waits()
            await subfeed.append_message(number)
            assert await stream.__anext__() == number
        assert stream.position == 12
        await stream.aclose()
        assert [message async for message in stream] == []

    run(main())


@pytest.mark.usefixtures("daemon")
def test_closing_ends_a_task_that_waits() -> None:
    async def main() -> None:
        subfeed = (await aio.create_feed()).get_subfeed("main")
        await subfeed.append_message(0)
        stream, seen = subfeed.follow(), asyncio.Event()

        async def follow() -> list[Any]:
            messages: list[Any] = []
            async for message in stream:
                messages.append(message)
                seen.set()
            return messages

        follower = asyncio.create_task(follow())
        await seen.wait()
        await stream.aclose()
        assert await follower == [0]

    run(main())


@pytest.mark.usefixtures("daemon")
def test_a_cancelled_wait_ends() -> None:
    async def main() -> None:
        feed = await aio.create_feed()
        subfeed = feed.get_subfeed("main")
        watch = {"feedId": feed.get_feed_id(), "subfeedName": "main"}
        for wait in (
            subfeed.get_next_messages(wait_msec=10**8),
            subfeed.get_next_message(wait_msec=10**8),
            aio.watch_for_new_messages({"x": watch}, wait_msec=10**8),
        ):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(wait, 0.05)
            await no_thread_waits()
        await subfeed.append_message(1)
        assert await subfeed.get_next_messages() == [1]

    run(main())


def test_a_call_to_a_daemon_that_hangs_can_be_cancelled(new_daemon: Daemon) -> None:
    async def main() -> None:
        subfeed = (await aio.create_feed()).get_subfeed("main")
        process = new_daemon.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        try:
            append = asyncio.create_task(subfeed.append_message(1))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(append), 0.2)
            append.cancel()
            # Far less than what a call may take.
            await asyncio.wait([append], timeout=15)
            assert append.cancelled()
        finally:
            process.send_signal(signal.SIGCONT)

    run(main())


@pytest.mark.parametrize("mode", ["storage", "remote_daemon"])
def test_a_cancelled_store_ends_at_once(
    mode: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    mode_of = request.getfixturevalue(mode)
    folder = mode_of if isinstance(mode_of, Path) else mode_of.home / "storage"
    path = sparse_file(tmp_path / "large", os.urandom(8), 2**40)

    async def main() -> None:
        store = asyncio.create_task(aio.store_file(path))
        while not reads_of(path):
            await asyncio.sleep(0)
        store.cancel()
        with pytest.raises(asyncio.CancelledError):
            await store
        assert not reads_of(path)

    if not Path("/proc/self/fd").exists():
        pytest.skip("SKIPPED: seeing which files are open needs /proc")
    run(main())
    assert list((folder / "tmp").glob("*")) == []


def reads_of(path: Path) -> bool:
    """Whether this process has a file open."""
    return any(os.path.realpath(fd) == str(path) for fd in Path("/proc/self/fd").iterdir())


def test_a_cancelled_upload_is_given_up(remote_daemon: Daemon, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(30_000_000))
    uploads = remote_daemon.home / "storage" / "uploads"

    async def main() -> None:
        store = asyncio.create_task(aio.store_file(path))
        while not any(uploads.glob("*")):
            assert not store.done()
            await asyncio.sleep(0)
        store.cancel()
        with pytest.raises(asyncio.CancelledError):
            await store

    run(main())
    wait_until(lambda: not any(uploads.glob("*")))


def test_following_survives_a_restart(new_daemon: Daemon) -> None:
    async def main() -> None:
        subfeed = (await aio.create_feed()).get_subfeed("main")
        async with subfeed.follow() as stream:
            for turn in range(3):
                await subfeed.append_messages([2 * turn, 2 * turn + 1])
                assert await stream.__anext__() == 2 * turn
                new_daemon.kill()
                new_daemon.start()
                assert await stream.__anext__() == 2 * turn + 1

    run(main())


@pytest.mark.usefixtures("daemon")
def test_loops_and_forked_processes_one_after_another() -> None:
    run_program(
        """
        import asyncio, os
        from kachery_p2p import aio

        async def use(text):
            subfeed = (await aio.create_feed()).get_subfeed("main")
            assert await aio.load_text(await aio.store_text(text)) == text
            await subfeed.append_messages([text, text])
            async for message in subfeed.follow():
                assert message == text
                break
            assert [message async for message in subfeed] == [text, text]

        for number in range(4):
            asyncio.run(use(f"parent {number}"))
            child = os.fork()
            if child == 0:
                try:
                    asyncio.run(use(f"child {number}"))
                    os._exit(0)
                finally:
                    os._exit(1)
            assert os.waitpid(child, 0)[1] == 0
        """
    )


@pytest.mark.usefixtures("daemon")
def test_a_program_that_forgets_a_stream_ends() -> None:
    run_program(
        """
        import asyncio
        from kachery_p2p import aio

        async def main():
            subfeed = (await aio.create_feed()).get_subfeed("main")
            await subfeed.append_message(1)
            stream = subfeed.follow()
            assert await stream.__anext__() == 1
            asyncio.create_task(stream.__anext__())
            await asyncio.sleep(0)

        asyncio.run(main())
        """
    )


def test_everything_of_the_package_has_its_variant() -> None:
    controls = {"start_daemon", "stop_daemon"}
    functions = {name for name in kp.__all__ if name.islower() and not name.startswith("_")}
    assert functions - controls == {name for name in aio.__all__ if name.islower()}
    for name in aio.__all__:
        assert getattr(aio, name).__doc__, name
    for ours, theirs in ((aio.Feed, kp.Feed), (aio.Subfeed, kp.Subfeed)):
        public = {name for name in vars(theirs) if not name.startswith("_")}
        forwarded = {*vars(ours), *ours.__init__.__code__.co_names}
        assert public - {"print_messages", "print_signed_messages"} <= forwarded
