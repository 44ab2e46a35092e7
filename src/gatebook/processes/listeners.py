"""Listening sockets, and uvicorn on them without its own signal handling and access log."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator

import uvicorn

from gatebook.processes.protocol import Protocol

_BACKLOG = 2048
_IDLE_CONNECTION_S = 75


class PortTaken(OSError):
    """Another process listens there; the text is for people."""


class Listener(uvicorn.Server):
    """One app on one socket. `await serve()` until `stop()`; signals are the business of the process, not of a listener."""

    def __init__(self, app: object, listening: socket.socket, drain_s: float) -> None:
        config = uvicorn.Config(
            app,  # type: ignore[arg-type]
            interface="asgi3",
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_CONNECTION_S,
            timeout_graceful_shutdown=max(1, round(drain_s)),
            backlog=_BACKLOG,
        )
        super().__init__(config)
        self._listening = listening
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        self.accepting.set()

    async def run_until_stopped(self) -> None:
        """Serve; returns when everything that was in flight has ended or its time is over."""
        await self.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Stop accepting, let what is in flight end."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Bind a TCP socket, not listening yet. `shared`: other processes of this account may bind it too. Raises PortTaken."""
    family = socket.AF_INET6 if _is_v6(host) else socket.AF_INET
    # With the protocol named: asyncio switches Nagle's algorithm off only then, and with it each reply may take 40 ms longer.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTaken(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return bound


def reserve(host: str, port: int) -> socket.socket:
    """Hold a port for workers that share it, and make sure that nobody else has it. Never listens, so it gets no connections."""
    alone = bind(host, port)
    try:
        # SO_REUSEADDR lets two sockets bind while neither listens; trying to listen shows whether somebody does.
        alone.listen(1)
        found = int(alone.getsockname()[1])
    except OSError as error:
        raise PortTaken(f"cannot listen on {host} port {port}: {error.strerror}") from error
    finally:
        alone.close()
    return bind(host, found, shared=True)


def _is_v6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
