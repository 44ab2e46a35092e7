"""Sockets, and serving on them."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gatebook.processes.listeners import Listener, PortTaken, bind, reserve


def port_of(bound: socket.socket) -> int:
    """The port of a socket."""
    return int(bound.getsockname()[1])


def test_a_port_that_somebody_listens_on_is_refused_by_name() -> None:
    """Also when the other one would share it: two deployments on one port would mix their callers."""
    taken = bind("127.0.0.1", 0, shared=True)
    taken.listen()
    with pytest.raises(PortTaken, match=f"port {port_of(taken)}"):
        reserve("127.0.0.1", port_of(taken))
    with pytest.raises(PortTaken):
        bind("127.0.0.1", port_of(taken))
    taken.close()


def test_a_reserved_port_is_shared_by_workers_and_gets_no_connections() -> None:
    """The holder of the reservation never listens, so every connection goes to a worker."""
    held = reserve("127.0.0.1", 0)
    worker = bind("127.0.0.1", port_of(held), shared=True)
    worker.listen()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port_of(held)), timeout=2):
            worker.accept()[0].close()
    held.close()
    worker.close()


def test_ipv6_is_listened_on_where_the_host_says_so() -> None:
    """The family follows the address."""
    bound = bind("::1", 0)
    assert bound.family == socket.AF_INET6
    bound.close()


async def test_what_is_in_flight_ends_before_the_listener_does() -> None:
    """After stop, a request that has begun is answered; a new connection is refused."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        begun.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    listening = bind("127.0.0.1", 0)
    port = port_of(listening)
    listener = Listener(app, listening, 5.0)
    serving = asyncio.create_task(listener.run_until_stopped())
    await listener.accepting.wait()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await begun.wait()
    listener.stop()
    await asyncio.sleep(0.3)
    go_on.set()
    assert (await reader.readline()) == b"HTTP/1.1 204 No Content\r\n"
    await serving
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
