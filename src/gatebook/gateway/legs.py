"""Finds the way to a connector for a client: its session's own leg, a shared stateless one, or one that the gateway opens for a person."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatebook.gateway import bridge, headers, wire
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.context import Context
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import Exchange, HttpFailure, InvalidAnswer, Leg, Outgoing
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.gateway.upstream.http import HttpLeg
from gatebook.gateway.upstream.legacy_sse import SsePipe

if TYPE_CHECKING:
    from gatebook.record.parts import Client

_HANDSHAKE_S = 20.0
# Long enough for a server that takes seconds to start, short enough to leave time for the older handshake after it.
_PROBE_S = 8.0
_POOLED_IDLE_S = 600.0
_PROBE_ID = b'"gatebook-probe"'
_HELLO_ID = b'"gatebook-hello"'
_OWN_INFO = wire.encode(bridge.GATEWAY_INFO)


class Legs:
    """All legs of one worker that do not belong to a session."""

    def __init__(self) -> None:
        self._pooled: dict[tuple[str, int, str], tuple[Leg, float]] = {}
        self._locks: dict[tuple[str, int, str], asyncio.Lock] = {}

    async def find(self, runtime: Runtime, context: Context, session: Session | None) -> Leg:
        """Return the leg for this client. Opening one may send a handshake or start a child. Raises UpstreamError, HttpFailure, InvalidAnswer."""
        runtime.check_usable()
        if session is not None and runtime.name in session.legs and runtime.children is None:
            return session.legs[runtime.name]
        if runtime.children is not None:
            return await self._child(runtime, context, session)
        if runtime.connector.spec.transport == "sse":
            return await self._pool(runtime, context, session)
        return await self._http(runtime, context, session)

    async def _http(self, runtime: Runtime, context: Context, session: Session | None) -> Leg:
        if context.modern:
            if await self._is_modern(runtime, context):
                return _http_leg(runtime, context, modern=True)
            return await self._pool(runtime, context, None)
        if runtime.eras.legacy is False:
            return _http_leg(runtime, context, modern=True)
        if session is None:
            # On its own endpoint a connector says itself whether it serves without a session; on the aggregate there is one to be had.
            return _http_leg(runtime, context, modern=False) if context.connector is not None else await self._pool(runtime, context, None)
        async with self._locks.setdefault((runtime.name, runtime.connector.version, session.id), asyncio.Lock()):
            return session.legs.get(runtime.name) or await self._join(runtime, context, session)

    async def _join(self, runtime: Runtime, context: Context, session: Session) -> Leg:
        """Do the handshake of an aggregate session with one more connector."""
        leg = _http_leg(runtime, context, modern=False)
        try:
            await greet_http(leg, session.hello, runtime)
        except (HttpFailure, InvalidAnswer, UpstreamError):
            if not await self._is_modern(runtime, context):
                raise
            runtime.learn(legacy=False)
            return _http_leg(runtime, context, modern=True)
        session.legs[runtime.name] = leg
        return leg

    async def _is_modern(self, runtime: Runtime, context: Context) -> bool:
        """Ask the connector once in a while which era it speaks. Raises UpstreamError when it cannot be asked."""
        known = runtime.eras.modern
        if known is not None:
            return known
        async with runtime.eras_lock:
            if runtime.eras.modern is None:
                runtime.learn(modern=await discover(_http_leg(runtime, context, modern=True)) is not None)
        return bool(runtime.eras.modern)

    async def _child(self, runtime: Runtime, context: Context, session: Session | None) -> Leg:
        assert runtime.children is not None
        if session is not None:
            key, owner, hello = f"session:{session.id}", context.actor.subject, session.hello
        elif runtime.connector.spec.share == "connector":
            key, owner, hello = "all", None, None
        else:
            key, owner, hello = f"person:{context.principal.person}", context.actor.subject, None

        async def greet(channel: Channel) -> None:
            await greet_channel(channel, hello)

        slot = await runtime.children.slot(key, owner, greet, exclusive=session is not None)
        if session is not None:
            session.legs[runtime.name] = slot.channel
        return slot.channel

    async def _pool(self, runtime: Runtime, context: Context, session: Session | None) -> Leg:
        """A leg of the handshake era that the gateway opens itself, kept per person, or per session where there is one."""
        whose = f"session:{session.id}" if session is not None else f"person:{context.principal.person}"
        key = (runtime.name, runtime.connector.version, whose)
        async with self._locks.setdefault(key, asyncio.Lock()):
            leg, _ = self._pooled.get(key, (None, 0.0))
            if leg is None or (isinstance(leg, Channel) and leg.dead is not None):
                leg = await self._open(runtime, context, session)
            self._pooled[key] = (leg, time.monotonic())
        if session is not None:
            session.legs[runtime.name] = leg
        return leg

    async def _open(self, runtime: Runtime, context: Context, session: Session | None) -> Leg:
        hello = session.hello if session is not None else None
        if runtime.connector.spec.transport == "sse":
            return await _open_sse(runtime, context, hello, exclusive=session is not None)
        leg = _http_leg(runtime, context, modern=False)
        await greet_http(leg, hello, runtime)
        return leg

    def forget(self, leg: Leg) -> None:
        """A leg's session with the connector is gone: the next call opens another."""
        for key, (known, _) in list(self._pooled.items()):
            if known is leg:
                del self._pooled[key]

    async def sweep(self) -> None:
        """Close pooled legs that are idle."""
        now_s = time.monotonic()
        for key, lock in list(self._locks.items()):
            if not lock.locked() and key not in self._pooled:
                del self._locks[key]
        for key, (leg, used_s) in list(self._pooled.items()):
            busy = isinstance(leg, Channel) and leg.in_flight
            if now_s - used_s > _POOLED_IDLE_S and not busy:
                del self._pooled[key]
                self._locks.pop(key, None)
                await leg.close("idle")

    async def close(self) -> None:
        """Close all."""
        legs = [leg for leg, _ in self._pooled.values()]
        self._pooled.clear()
        for leg in legs:
            await leg.close("stopped")


def _http_leg(runtime: Runtime, context: Context, *, modern: bool) -> HttpLeg:
    assert runtime.pool is not None
    return HttpLeg(runtime.pool, runtime.authority(context.principal.person), modern=modern)


async def _open_sse(runtime: Runtime, context: Context, hello: bytes | None, *, exclusive: bool) -> Channel:
    assert runtime.pool is not None and runtime.connector.spec.url is not None
    pipe = SsePipe(runtime.pool, runtime.connector.spec.url, runtime.authority(context.principal.person), runtime.response_bytes_max)
    channel = Channel(pipe, lambda message: _refuse_stray(pipe, message), exclusive=exclusive)
    await pipe.open(channel)
    await greet_channel(channel, hello or own_hello(), probe=False)
    return channel


async def _refuse_stray(pipe: SsePipe, message: wire.Message) -> None:
    if message.kind == "request" and message.id is not None:
        await pipe.write(wire.error(message.id, wire.METHOD_NOT_FOUND, "no client is there to be asked"))


def own_hello() -> bytes:
    """Return the params of an initialize of the gateway's own: it can do nothing that a connector could ask for."""
    return b'{"protocolVersion":"' + headers.LATEST_LEGACY.encode() + b'","capabilities":{},"clientInfo":' + _OWN_INFO + b"}"


async def greet_http(leg: HttpLeg, hello: bytes | None, runtime: Runtime) -> bytes:
    """Do the handshake over HTTP and return its result. Raises UpstreamError, HttpFailure, InvalidAnswer."""
    message = wire.parse_answer(wire.request(_HELLO_ID, "initialize", hello or own_hello()))
    exchange = await leg.send(Outgoing(message, (), runtime.response_bytes_max))
    answer = await final_of(exchange, message.id or b"")
    if answer.result is None:
        raise InvalidAnswer(f"the connector refused the handshake: {wire.error_head(answer.error or b'').message[:200]}")
    settle_leg(leg, exchange.session, answer.result)
    await leg.pass_on(wire.parse_answer(wire.notification("notifications/initialized")), ())
    runtime.learn(legacy=True)
    return answer.result


def settle_leg(leg: HttpLeg, session: bytes | None, result: bytes) -> None:
    """Keep what an initialize brought: the connector's session id and the version that was agreed."""
    leg.session = session
    leg.hello = result
    version = bytes(wire.raw_map(result).get("protocolVersion", b""))
    leg.version = version.strip(b'"') or None


async def greet_channel(channel: Channel, hello: bytes | None, *, probe: bool = True) -> None:
    """Do the handshake on a channel. Without a client's own `hello` the stateless era is tried first. Raises UpstreamError."""
    if hello is None and probe:
        try:
            discovery = await discover(channel, _PROBE_S)
        except UpstreamError as error:
            if error.reason != "timeout":
                raise
            discovery = None  # some servers say nothing to a question that they do not know
        if discovery is not None:
            channel.modern, channel.hello = True, discovery
            return
    message = wire.parse_answer(wire.request(_HELLO_ID, "initialize", hello or own_hello()))
    try:
        answer = await final_of(await channel.send(Outgoing(message, (), 1 << 24)), _HELLO_ID)
    except (InvalidAnswer, HttpFailure) as error:
        raise UpstreamError("broken", str(error)) from error
    if answer.result is None:
        raise UpstreamError("broken", f"the connector refused the handshake: {wire.error_head(answer.error or b'').message[:200]}")
    channel.hello = answer.result
    await channel.pass_on(wire.parse_answer(wire.notification("notifications/initialized")), ())


async def discover(leg: Leg, timeout_s: float = _HANDSHAKE_S) -> bytes | None:
    """Ask in the way of 2026-07-28 what the connector is; None when it does not know the question. Raises UpstreamError."""
    params = bridge.params_for_modern(None, _OWN_INFO, b"{}")
    message = wire.parse_answer(wire.request(_PROBE_ID, "server/discover", params))
    exchange = await leg.send(Outgoing(message, bridge.headers_for_modern("server/discover", None), 1 << 24))
    try:
        answer = await final_of(exchange, _PROBE_ID, timeout_s)
    except (HttpFailure, InvalidAnswer):
        return None
    return answer.result


async def final_of(exchange: Exchange, id_text: bytes, timeout_s: float = _HANDSHAKE_S) -> wire.Message:
    """Return the final answer of an exchange of the gateway's own. Raises UpstreamError, HttpFailure, InvalidAnswer."""
    try:
        async with asyncio.timeout(timeout_s), contextlib.aclosing(exchange.items()) as items:
            async for item in items:
                message = item.message
                if (
                    message is not None
                    and message.kind in ("response", "error")
                    and (message.id == id_text or exchange.http_status not in (None, 200))
                ):
                    return message
    except TimeoutError as error:
        exchange.abort("timeout")
        raise UpstreamError("timeout", f"the connector did not answer within {timeout_s:g} s") from error
    raise InvalidAnswer("the connector ended its answer before it was complete")


def outgoing(context: Context, message: wire.Message, leg: Leg, runtime: Runtime, name: "Name") -> Outgoing:
    """Make what is sent from what came: unchanged where eras and names agree. Raises NotBridged."""
    bridge.check_method(message.method, client_modern=context.modern, leg_modern=leg.modern)
    sent: Sequence[tuple[bytes, bytes]] = headers.forwarded(context.headers)
    params = message.params
    if name.key is not None and name.changed:
        members = wire.raw_map(params)
        members[name.key] = wire.raw(name.json or b"null")
        params = wire.encode(members)
        if context.modern and name.value is not None:
            sent = [(key, value) for key, value in sent if key != b"mcp-name"] + [(b"mcp-name", headers.encode_value(name.value))]
    if context.modern and not leg.modern:
        params = bridge.params_for_legacy(params)
        sent = [(key, value) for key, value in sent if not key.startswith(b"mcp-")]
    elif not context.modern and leg.modern:
        params = bridge.params_for_modern(params, client_info(context.client), b"{}")
        sent = [pair for pair in sent if not pair[0].startswith(b"mcp-")] + bridge.headers_for_modern(message.method, name.value)
    if params is not message.params:
        raw = wire.request(message.id or b"null", message.method, params)
        message = wire.Message("request", raw, message.id, message.method, params)
    return Outgoing(message, sent, runtime.response_bytes_max)


def client_info(client: "Client") -> bytes:
    """Write clientInfo of a client that sent none in this request."""
    return wire.encode({"name": client.name or "unknown", "version": client.version or "0"})


class Name:
    """What a request asks for by name: the key in its params, and the name as the connector knows it."""

    __slots__ = ("changed", "key", "json", "value")

    def __init__(self, key: str | None, value: str | None, *, changed: bool = False, json: bytes | None = None) -> None:
        self.key = key
        self.value = value
        self.changed = changed
        self.json = wire.encode(value) if json is None and changed else json
