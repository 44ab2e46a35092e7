"""Workers of one node help each other: a request for a session that another worker owns goes to that worker, and its answer comes back.

Sessions of the handshake era live in one process (legs, children, open streams); connections of a client do not.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gatebook.gateway import wire
from gatebook.gateway.reply import Reply
from gatebook.gateway.upstream.h1 import Pool, Response, UpstreamError
from gatebook.gateway.watch import Watch

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PEER = b"x-gatebook-peer"
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade", b"content-length", b"host", PEER}
)


class Neighbours:
    """The other workers of this node. `dial(slot)` connects to one; it raises OSError when that one does not run."""

    def __init__(self, slot: int, dial: Callable[[int], socket.socket]) -> None:
        self._slot = slot
        self._dial = dial
        self._pools: dict[int, Pool] = {}

    def owner_of(self, session: bytes | None) -> int | None:
        """Return the slot of the other worker that owns a session, None when it is this one's or nobody's."""
        if session is None:
            return None
        head, separator, _ = session.partition(b"-")
        if not separator or head[:1] != b"w" or not head[1:].isdigit() or len(head) > 4:
            return None
        slot = int(head[1:])
        return None if slot == self._slot else slot

    async def relay(self, slot: int, scope: Scope, body: bytes, receive: Receive, send: Send) -> bool:
        """Have another worker answer; False when it cannot be reached: then nothing was sent, neither to it nor to the client."""
        pool = self._pools.get(slot)
        if pool is None:
            pool = self._pools[slot] = Pool("http://worker.invalid", dial=lambda: self._dial(slot))
        client = scope.get("client") or ("unix", 0)
        headers = [(name, value) for name, value in scope["headers"] if name not in _HOP_BY_HOP]
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        headers += [(PEER, wire.encode([client[0], client[1], host.decode("latin-1")]))]
        try:
            response = await pool.request(scope["method"], headers, body, scope["raw_path"])
        except UpstreamError as error:
            if error.reason == "refused":
                return False
            # It was sent, so it may have run: to say that there is no such session would make the client send it again.
            await _say_unknown(body, send)
            return True
        await _copy(response, receive, send)
        return True

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()


async def _copy(response: Response, receive: Receive, send: Send) -> None:
    watch = Watch(receive)
    watch.start(lambda: response.abort("cancelled", "the client went away"))
    headers = [(name, value) for name, value in response.headers if name not in _HOP_BY_HOP or name == b"content-length"]
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        async for chunk in response.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except UpstreamError:
        await asyncio.sleep(0)  # the answer ends where it broke off; the client sees an incomplete body, which is the truth
    finally:
        watch.stop()


async def _say_unknown(body: bytes, send: Send) -> None:
    """Tell the client that the worker ended under its request. The record is that worker's: call.outcome_unknown, at its next start."""
    try:
        id_text = wire.parse_answer(body).id
    except wire.WireError:
        id_text = None
    text = "The worker that had the request ended before it answered; it may have been carried out. Do not repeat it unasked."
    await Reply(send).json(502, wire.error(id_text, wire.UPSTREAM_FAILED, text, {"status": "unknown", "error_class": "internal"}))


def of_peer(scope: Scope) -> Scope:
    """Return the scope as the worker saw it that passed the request on. Only for requests from the workers' own socket."""
    value = next((value for name, value in scope["headers"] if name == PEER), None)
    if value is None:
        return scope
    host, port, name = wire.loads(value)
    headers = [(key, item) for key, item in scope["headers"] if key not in (PEER, b"host")] + [(b"host", name.encode("latin-1"))]
    return {**scope, "client": (host, port), "headers": headers}
