"""A connection that breaks: a TCP proxy that cuts after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading


class CuttingProxy:
    """Passes bytes on to a port of this machine, and cuts the first connection once.

    A context manager.

    Args:
        port: Where the bytes go to.
        cut_up: Cut after so many bytes from the client; None for never.
        cut_down: Cut after so many bytes to the client; None for never.
    """

    def __init__(
        self, port: int, *, cut_up: int | None = None, cut_down: int | None = None
    ) -> None:
        self._target = port
        self._limits = {"up": cut_up, "down": cut_down}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.passed = {"up": 0, "down": 0}
        self.cuts = 0
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            _close(each)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for way, source, sink in (("up", client, server), ("down", server, client)):
                    arguments = (way, source, sink)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, way: str, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    self.passed[way] += len(data)
                    limit = self._limits[way]
                    must_cut = limit is not None and self.passed[way] > limit and self.cuts == 0
                    self.cuts += must_cut
                if must_cut:
                    break
                sink.sendall(data)
        _close(source)
        _close(sink)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
