"""What a daemon may answer about other nodes, as a script has it: a process with a gRPC server.

It says nothing of what a daemon does, but lets tests meet what few networks show when asked.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Protocol, cast

import grpc

_STATUS_KEY = "grpc-status-details-bin"
_INFO_TYPE = b"type.googleapis.com/google.rpc.ErrorInfo"


class Message(Protocol):
    """A message of protobuf."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        ...


class ScriptedDaemon:
    """A process that answers calls as told, and keeps the requests. ``stop`` it, always."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        command = [sys.executable, __file__, str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(cast("IO[bytes]", self._process.stdout).readline())

    def answer(
        self,
        method: str,
        *messages: Message,
        reason: str | None = None,
        code: grpc.StatusCode = grpc.StatusCode.OK,
        waits: bool = False,
    ) -> None:
        """Says how the next call of a method, such as ``LoadFile``, is answered.

        The last answer goes for all later calls, too.

        Args:
            method: Name of the method.
            messages: What it answers with.
            reason: The failure at the end, by the name that the protocol has for it.
            code: The status at the end; a status without a reason is that of a broken connection.
            waits: Whether the end comes only behind ``go_on``.
        """
        encoded = [base64.b64encode(each.SerializeToString()).decode() for each in messages]
        script = {"messages": encoded, "reason": reason, "code": code.name, "waits": waits}
        with (self._folder / f"{method}.script").open("a") as file:
            file.write(json.dumps(script) + "\n")

    def requests(self, method: str) -> list[bytes]:
        """The requests of a method that have come, encoded."""
        path = self._folder / f"{method}.requests"
        lines = path.read_text().splitlines() if path.exists() else []
        return [base64.b64decode(line) for line in lines]

    def go_on(self) -> None:
        """Lets the answers end that wait."""
        (self._folder / "go-on").touch()

    def stop(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()


class _Answers(grpc.GenericRpcHandler):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method.rpartition("/")[2]

        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            with (self._folder / f"{method}.requests").open("a") as file:
                file.write(base64.b64encode(request).decode() + "\n")
            script = self._next_script(method)
            for message in script["messages"]:
                yield base64.b64decode(message)
            while script["waits"] and not (self._folder / "go-on").exists():
                if not context.is_active():
                    return
                time.sleep(0.01)
            if script["code"] != "OK":
                if script["reason"] is not None:
                    context.set_trailing_metadata(((_STATUS_KEY, _status(script["reason"])),))
                context.abort(grpc.StatusCode[script["code"]], "as scripted")

        if method == "GetNode":
            unary = grpc.unary_unary_rpc_method_handler
            return unary(lambda request, context: next(answer(request, context)))
        return grpc.unary_stream_rpc_method_handler(answer)

    def _next_script(self, method: str) -> dict[str, Any]:
        path = self._folder / f"{method}.script"
        first, *rest = path.read_text().splitlines()
        if rest:
            path.write_text("".join(f"{line}\n" for line in rest))
        return json.loads(first)


def _status(reason: str) -> bytes:
    """An encoded google.rpc.Status with an ErrorInfo."""
    info = _field(1, reason.encode()) + _field(2, b"kachery-p2p")
    return _field(2, b"as scripted") + _field(3, _field(1, _INFO_TYPE) + _field(2, info))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protobuf message, shorter than 128 bytes."""
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def _main(arguments: Sequence[str]) -> None:
    server = grpc.server(ThreadPoolExecutor(16), handlers=[_Answers(Path(arguments[0]))])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # Until the test ends, however it ends.
    sys.stdin.read()


if __name__ == "__main__":
    _main(sys.argv[1:])
