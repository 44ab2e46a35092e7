"""The line between the supervisor and a child: the child says `ready` on it, and ends when the supervisor is gone."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable

READY = b"ready\n"
ARGUMENT = "--supervised"


class Lifeline:
    """The child's end. Without a descriptor the process was started by hand, and nothing happens."""

    def __init__(self, descriptor: int | None) -> None:
        self._socket = None if descriptor is None else socket.socket(fileno=descriptor)

    def watch(self, on_gone: Callable[[], None]) -> None:
        """Call `on_gone` when the supervisor is gone, so that no orphan holds a port or a stream."""
        if self._socket is not None:
            self._socket.setblocking(False)
            asyncio.get_running_loop().add_reader(self._socket, self._read, on_gone)

    def ready(self) -> None:
        """Tell the supervisor that this process serves."""
        if self._socket is not None:
            try:
                self._socket.send(READY)
            except OSError:
                pass  # The supervisor is gone; `watch` sees that too.

    def _read(self, on_gone: Callable[[], None]) -> None:
        assert self._socket is not None
        try:
            gone = not self._socket.recv(64)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            on_gone()


class StopRequest:
    """Set by SIGTERM, SIGINT or the end of the supervisor; `reason` says which."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason = ""

    def listen(self) -> None:
        """Take over the signals of this process. A second one ends it at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    def set(self, reason: str) -> None:
        """Ask to stop; the first reason counts."""
        self.reason = self.reason or reason
        self._event.set()

    async def wait(self) -> str:
        """Wait until somebody asks; returns the reason."""
        await self._event.wait()
        return self.reason

    def _on_signal(self, number: signal.Signals) -> None:
        if self._event.is_set() and number == signal.SIGINT:
            os._exit(130)
        self.set(number.name)
