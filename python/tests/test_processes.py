"""Forked and spawned processes, and what importing costs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.daemon import Daemon
from support.program import run_program

import kachery_p2p as kp

FORK = """
    import os, threading
    import kachery_p2p as kp

    uri = kp.store_bytes(bytes(3_000_000))

    def use(text):
        assert kp.load_text(kp.store_text(text)) == text
        assert kp.load_bytes(uri, 0, 10) == bytes(10)
        assert len(b"".join(kp.read_file(uri))) == 3_000_000

    use("parent")
"""


def test_forked_processes_use_the_daemon_on_their_own(remote_daemon: Daemon) -> None:
    run_program(
        FORK
        + """
    for number in range(8):
        child = os.fork()
        if child == 0:
            try:
                use(f"child {number}")
                grandchild = os.fork()
                if grandchild == 0:
                    use(f"grandchild {number}")
                    os._exit(0)
                assert os.waitpid(grandchild, 0)[1] == 0
                os._exit(0)
            finally:
                os._exit(1)
        use(f"beside {number}")
        assert os.waitpid(child, 0)[1] == 0
    use("at last")
    """
    )
    assert remote_daemon.process is not None


def test_a_process_may_fork_in_the_middle_of_a_read(remote_daemon: Daemon) -> None:
    run_program(
        FORK
        + """
    for _ in range(4):
        stream = kp.read_file(uri)
        first = next(stream)
        child = os.fork()
        if child == 0:
            try:
                use("child")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(first) + sum(map(len, stream)) == 3_000_000
    """
    )
    assert remote_daemon.process is not None


def test_a_process_may_fork_while_other_threads_transfer(remote_daemon: Daemon) -> None:
    run_program(
        FORK
        + """
    done = threading.Event()

    def busy():
        while not done.is_set():
            use("busy")

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                use("child")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
    done.set()
    for thread in threads:
        thread.join()
    """
    )
    assert remote_daemon.process is not None


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("mode", ["storage", "daemon", "remote_daemon"])
def test_pools_of_processes(method: str, mode: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(mode)
    run_program(
        """
        import multiprocessing, sys
        import kachery_p2p as kp
        from support.work import fail, store_and_load

        texts = [f"text {number}" for number in range(20)]
        assert store_and_load("parent") == "parent"
        with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
            assert pool.map(store_and_load, texts) == texts
            try:
                pool.map(fail, [None])
            except kp.InvalidArgumentError as error:
                reason = error.reason
        assert reason == "invalid-uri"
        """,
        method,
    )


def test_a_process_that_uses_the_daemon_starts_programs(remote_daemon: Daemon) -> None:
    run_program(
        """
        import collections, subprocess
        import kachery_p2p as kp

        codes = collections.Counter()
        for number in range(150):
            kp.store_text(f"text {number}")
            # With something to call, every version of Python forks, as those before 3.10 always do.
            codes[subprocess.run(["true"], preexec_fn=int).returncode] += 1
        assert codes == {0: 150}, codes
        """
    )
    assert remote_daemon.process is not None


@pytest.mark.usefixtures("daemon")
def test_what_the_user_chose_for_grpc_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPC_VERBOSITY", "ERROR")
    run_program(
        """
        import os
        import kachery_p2p as kp
        kp.get_node_id()
        assert os.environ["GRPC_VERBOSITY"] == "ERROR"
        """
    )


def test_importing_is_light() -> None:
    run_program(
        """
        import signal, sys, threading
        before = {number: signal.getsignal(number) for number in signal.valid_signals()}
        import kachery_p2p as kp
        kp.KacheryError, kp.store_file, kp.load_file, kp.start_daemon
        heavy = {"grpc", "numpy", "google.protobuf", "tqdm", "multiprocessing"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        assert threading.active_count() == 1
        assert before == {number: signal.getsignal(number) for number in signal.valid_signals()}
        """
    )


def test_everything_that_is_promised_is_there() -> None:
    assert set(kp.__all__) <= set(dir(kp))
    for name in kp.__all__:
        value = getattr(kp, name)
        assert name == "__version__" or value.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        kp.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_the_generated_stub_works_by_itself(remote_daemon: Daemon) -> None:
    output = run_program(
        """
        import sys
        import grpc
        from kachery_p2p.v1 import FileServiceStub, NodeServiceStub
        from kachery_p2p.v1 import GetNodeRequest, ReadFileRequest
        from kachery_p2p.v1 import StoreFileHeader, StoreFileRequest

        address, token = sys.argv[1:]
        metadata = [("authorization", f"Bearer {token}")]
        with grpc.insecure_channel(address) as channel:
            files = FileServiceStub(channel)
            messages = [
                StoreFileRequest(header=StoreFileHeader(label="stub.txt")),
                StoreFileRequest(data=b"by the stub "),
                StoreFileRequest(data=b"alone"),
            ]
            uri = files.StoreFile(iter(messages), metadata=metadata).file.uri
            stream = files.ReadFile(ReadFileRequest(uri=uri, offset=3), metadata=metadata)
            print(b"".join(message.data for message in stream).decode())
            print(NodeServiceStub(channel).GetNode(GetNodeRequest()).node_id)
        ours = [name for name in sys.modules if name.startswith("kachery_p2p._")]
        assert ours == [], ours
        """,
        f"127.0.0.1:{remote_daemon.port}",
        remote_daemon.client_token(),
    )
    assert output.splitlines() == ["the stub alone", remote_daemon.node_id]


def test_the_package_is_typed_and_complete() -> None:
    folder = Path(kp.__file__).parent
    assert (folder / "py.typed").exists()
    assert (folder / "v1" / "file_service_pb2.pyi").exists()
