"""Connectors that carry all messages over one pair of pipes: stdio children, and HTTP+SSE of 2024-11-05.

Several clients' requests may share a channel, so ids are the gateway's own on it and are put back on the way out.
What belongs to no request goes to whoever listens; what belongs to nobody is dropped and said so.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal, Protocol

import msgspec

from gatebook.gateway import wire
from gatebook.gateway.upstream.exchange import Form, HttpFailure, Item, Outgoing
from gatebook.gateway.upstream.h1 import UpstreamError

_QUEUE_MAX = 1024
_ABANDONED_MAX = 1024
_UNANSWERED_S = 60.0


class Pipe(Protocol):
    """Sends one message; a transport feeds `Channel.take` with what comes back and `Channel.lost` when it ends."""

    async def write(self, message: bytes) -> None:
        """Send. Raises UpstreamError."""
        ...

    async def close(self, reason: str) -> None:
        """End the transport."""
        ...


class _Inbox:
    """Messages for one request or one listener, in order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[wire.Message | UpstreamError | None] = asyncio.Queue()

    def put(self, message: wire.Message | UpstreamError | None) -> bool:
        """Take a message in; False when nobody empties the queue. What ends the request is always taken."""
        passing = isinstance(message, wire.Message) and message.kind in ("notification", "request")
        if passing and self._queue.qsize() >= _QUEUE_MAX:
            return False
        self._queue.put_nowait(message)
        return True

    async def messages(self) -> AsyncIterator[wire.Message]:
        """Yield until None. Raises UpstreamError."""
        while (message := await self._queue.get()) is not None:
            if isinstance(message, UpstreamError):
                raise message
            yield message


class ChannelExchange:
    """One request on a channel."""

    form: Form = "message"
    http_status: int | None = None
    session: bytes | None = None

    def __init__(self, channel: "Channel", own_id: bytes, client_id: bytes, token: tuple[bytes, bytes] | None) -> None:
        self._channel = channel
        self.own_id = own_id
        self.client_id = client_id
        self.token = token
        self.inbox = _Inbox()
        self.cancelled = False
        self.answered = False

    async def items(self) -> AsyncGenerator[Item]:
        """Yield messages up to the final answer, which carries the client's own id."""
        try:
            async for message in self.inbox.messages():
                if message.kind in ("response", "error") and message.id == self.own_id:
                    self.answered = True
                    raw = wire.with_id(message, self.client_id)
                    yield Item(raw, wire.parse_answer(raw))
                    return
                yield Item(message.raw, message)
        finally:
            self._channel.settle(self)

    def abort(self, reason: Literal["timeout", "cancelled"]) -> None:
        """Tell the connector that nobody waits any more (notifications/cancelled) and stop waiting."""
        if self._channel.settle(self) and not self.cancelled:
            self._channel.cancel(self.own_id)
        self.inbox.put(UpstreamError(reason, "no answer in time" if reason == "timeout" else "the client went away"))


class ListenExchange:
    """The messages of a channel that belong to no request."""

    form: Form = "message"
    http_status: int | None = None
    session: bytes | None = None

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel
        self.inbox = _Inbox()

    async def items(self) -> AsyncGenerator[Item]:
        """Yield until the channel ends."""
        try:
            async for message in self.inbox.messages():
                yield Item(message.raw, message)
        finally:
            self._channel.unlisten(self)

    def abort(self, reason: Literal["timeout", "cancelled"]) -> None:
        """Stop listening."""
        self.inbox.put(None)


class Channel:
    """Ids, progress tokens and listeners of one pair of pipes. It is a Leg for everybody who shares it."""

    def __init__(self, pipe: Pipe, on_stray: Callable[[wire.Message], Awaitable[None] | None], *, exclusive: bool) -> None:
        self._pipe = pipe
        self._on_stray = on_stray
        self._exclusive = exclusive
        self._ids = itertools.count(1)
        self._pending: dict[bytes, ChannelExchange] = {}
        self._tokens: dict[bytes, ChannelExchange] = {}
        self._listeners: list[ListenExchange] = []
        self._abandoned: dict[bytes, None] = {}
        self._unanswered: dict[bytes, float] = {}
        self.extra_answers = 0
        self.modern = False
        self.hello = b"{}"
        self.dead: UpstreamError | None = None

    @property
    def in_flight(self) -> int:
        """Requests that wait for their answer."""
        return len(self._pending)

    async def send(self, outgoing: Outgoing) -> ChannelExchange:
        """Send a request under an id of the gateway's own. Raises UpstreamError."""
        if self.dead is not None:
            raise self.dead
        own_id = b"%d" % next(self._ids)
        message = outgoing.message
        params, token = self._own_token(message.params, own_id)
        exchange = ChannelExchange(self, own_id, message.id or b"null", token)
        self._pending[own_id] = exchange
        if token is not None:
            self._tokens[token[0]] = exchange
        try:
            await self._pipe.write(wire.request(own_id, message.method, params))
        except UpstreamError:
            self.settle(exchange)
            raise
        return exchange

    def _own_token(self, params: bytes | None, own_id: bytes) -> tuple[bytes | None, tuple[bytes, bytes] | None]:
        """Return the params and (token on the channel, token of the client); a token that is in use is exchanged for one that is not."""
        if params is None or b"progressToken" not in params:
            return params, None
        meta = wire.raw_map(bytes(wire.params_head(params).meta))
        token = bytes(meta.get("progressToken", b""))
        if not token:
            return params, None
        # On a channel of several people a late report on one call must not find the token of another.
        if self._exclusive and token not in self._tokens:
            return params, (token, token)
        fresh = b'"gatebook-' + own_id + b'"'
        meta["progressToken"] = msgspec.Raw(fresh)
        members = wire.raw_map(params)
        members["_meta"] = msgspec.Raw(wire.encode(meta))
        return wire.encode(members), (fresh, token)

    async def pass_on(self, message: wire.Message, headers: Sequence[tuple[bytes, bytes]]) -> int:
        """Send a notification or a response. A cancellation is sent under the id that the request has here."""
        if self.dead is not None:
            raise self.dead
        raw = message.raw
        if message.method == "notifications/cancelled":
            exchange = self._of_client(wire.cancelled_id(message.params))
            if exchange is None:
                return 202
            exchange.cancelled = True
            members = wire.raw_map(message.params)
            members["requestId"] = msgspec.Raw(exchange.own_id)
            raw = wire.notification(message.method, wire.encode(members))
        await self._pipe.write(raw)
        return 202

    async def listen(self, headers: Sequence[tuple[bytes, bytes]]) -> ListenExchange:
        """Receive what belongs to no request. Raises HttpFailure 409 when somebody does already."""
        if self._listeners:
            raise HttpFailure(409, "this session has a stream already")
        exchange = ListenExchange(self)
        self._listeners.append(exchange)
        return exchange

    def unlisten(self, exchange: ListenExchange) -> None:
        """The listener is gone."""
        if exchange in self._listeners:
            self._listeners.remove(exchange)

    async def close(self, reason: str) -> None:
        """End the channel."""
        await self._pipe.close(reason)

    def cancel(self, own_id: bytes) -> None:
        """Tell the connector that a request is not waited for any more."""
        message = wire.notification(
            "notifications/cancelled", b'{"requestId":' + own_id + b',"reason":"the client does not wait any more"}'
        )
        task = asyncio.ensure_future(self._quietly(message))
        task.add_done_callback(lambda _: None)

    async def _quietly(self, message: bytes) -> None:
        try:
            await self._pipe.write(message)
        except UpstreamError:
            pass

    def settle(self, exchange: ChannelExchange) -> bool:
        """Forget a request; False when it was settled before."""
        if exchange.token is not None and self._tokens.get(exchange.token[0]) is exchange:
            del self._tokens[exchange.token[0]]
        if self._pending.pop(exchange.own_id, None) is None:
            return False
        self._abandoned[exchange.own_id] = None
        if not exchange.answered:
            self._unanswered[exchange.own_id] = time.monotonic()
        if len(self._abandoned) > _ABANDONED_MAX:
            del self._abandoned[next(iter(self._abandoned))]
        return True

    def _of_client(self, client_id: bytes | None) -> ChannelExchange | None:
        for exchange in self._pending.values():
            if exchange.client_id == client_id:
                return exchange
        return None

    def take(self, text: bytes) -> None:
        """A message came from the connector."""
        try:
            message = wire.parse_answer(text)
        except wire.WireError:
            self._stray(wire.Message("notification", text, method=""))
            return
        exchange, message = self._addressee(message)
        if exchange is not None and exchange.inbox.put(message):
            return
        if exchange is None and self._listeners and message.kind in ("request", "notification") and self._listeners[-1].inbox.put(message):
            return
        self._stray(message)

    def _addressee(self, message: wire.Message) -> tuple[ChannelExchange | None, wire.Message]:
        if message.kind in ("response", "error"):
            exchange = self._pending.get(message.id or b"")
            if exchange is None and message.id in self._abandoned:
                self._unanswered.pop(message.id or b"", None)
                self.extra_answers += 1
            return exchange, message
        if message.method == "notifications/progress":
            members = wire.raw_map(message.params)
            exchange = self._tokens.get(bytes(members.get("progressToken", b"")))
            if exchange is not None and exchange.token is not None and exchange.token[0] != exchange.token[1]:
                members["progressToken"] = msgspec.Raw(exchange.token[1])
                message = wire.parse_answer(wire.notification(message.method, wire.encode(members)))
            return exchange, message
        # The connector does not say which request this belongs to. With one in flight there is no doubt; with more a guess
        # could show one client's data to another, unless all are of one session: then its listener or its newest request gets it.
        # A request that was given up may still be at work, and speak.
        alone = len(self._pending) == 1 and (self._exclusive or not self._speaks_for_others())
        if alone or (self._exclusive and self._pending and not self._listeners):
            return next(reversed(self._pending.values())), message
        return None, message

    def _speaks_for_others(self) -> bool:
        now_s = time.monotonic()
        self._unanswered = {own_id: since_s for own_id, since_s in self._unanswered.items() if now_s - since_s < _UNANSWERED_S}
        return bool(self._unanswered)

    def _stray(self, message: wire.Message) -> None:
        result = self._on_stray(message)
        if result is not None:
            asyncio.ensure_future(result)

    def lost(self, error: UpstreamError) -> None:
        """The transport has ended: whoever waits hears of it."""
        self.dead = error
        for exchange in list(self._pending.values()):
            self.settle(exchange)
            exchange.inbox.put(error)
        for listener in list(self._listeners):
            listener.inbox.put(None)
