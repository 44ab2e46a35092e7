"""The beginning of a session of the handshake era, and what the gateway answers in place of a connector of the other era."""

from typing import TYPE_CHECKING

from gatebook.gateway import answers, bridge, headers, wire
from gatebook.gateway.legs import discover, settle_leg
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import HttpFailure, InvalidAnswer, Leg, Outgoing
from gatebook.gateway.upstream.http import HttpLeg
from gatebook.record.parts import Outcome

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live

_OK = Outcome(status="ok", transport="ok")


def open_session(gate: "Gate", live: "Live") -> Session:
    """Make the session that an initialize asks for."""
    members = wire.raw_map(live.message.params)
    version = wire.text_of(members.get("protocolVersion"))
    context = live.context
    context.client = answers.client_of(wire.raw_map(bytes(members.get("clientInfo", b"{}"))), context.client.user_agent)
    context.protocol = bridge.negotiated(version)
    session = gate.sessions.open(context.principal, context.connector, live.message.params or b"{}", context.client, context.protocol)
    context.session = session.id
    live.session = session
    return session


async def begin(gate: "Gate", live: "Live") -> "answers.Final | Leg":
    """Open the session with one connector and return the answer to the client's initialize."""
    assert live.plan is not None and live.plan.runtime is not None and live.session is not None
    runtime, session = live.plan.runtime, live.session
    try:
        if runtime.connector.spec.transport != "http":
            leg = await gate.legs.find(runtime, live.context, session)
            return answers.Final(wire.response(live.message.id or b"null", leg.hello), _OK)
        final = await _begin_http(gate, live)
    except BaseException:
        gate.sessions.drop(session)
        live.session = None
        raise
    if wire.parse_answer(final.body).result is None:
        gate.sessions.drop(session)
        live.session = None
    return final


async def _begin_http(gate: "Gate", live: "Live") -> "answers.Final":
    assert live.plan is not None and live.plan.runtime is not None and live.session is not None
    runtime = live.plan.runtime
    runtime.check_usable()
    assert runtime.pool is not None
    authority = runtime.authority(live.context.principal.person)
    leg = HttpLeg(runtime.pool, authority, modern=False)
    if runtime.eras.legacy is not False:
        exchange = live.exchange = await leg.send(
            Outgoing(live.message, headers.forwarded(live.context.headers), runtime.response_bytes_max)
        )
        items = exchange.items()
        try:
            async for item in items:
                message = item.message
                if message is not None and message.result is not None and message.id == live.message.id:
                    settle_leg(leg, exchange.session, message.result)
                    live.session.legs[runtime.name] = leg
                    live.session.protocol = live.context.protocol = (leg.version or b"").decode("latin-1") or live.context.protocol or ""
                    runtime.learn(legacy=True)
                    return await answers.final(gate, live, leg, item)
                if message is not None and message.kind == "error" and not _stateless_answer(message):
                    return await answers.final(gate, live, leg, item)
        except (HttpFailure, InvalidAnswer):
            if runtime.eras.modern is False:
                raise
        finally:
            await items.aclose()
    discovery = await discover(HttpLeg(runtime.pool, authority, modern=True))
    if discovery is None:
        raise InvalidAnswer("the connector knows neither initialize nor server/discover")
    runtime.learn(modern=True, legacy=False)
    result = wire.encode(bridge.initialized(discovery, live.context.protocol))
    return answers.Final(wire.response(live.message.id or b"null", result), _OK)


def _stateless_answer(message: wire.Message) -> bool:
    """Tell whether an error to initialize is what a connector says that knows only 2026-07-28."""
    code = wire.error_head(message.error or b"{}").code
    return code in (wire.METHOD_NOT_FOUND, wire.HEADER_MISMATCH, wire.UNSUPPORTED_VERSION, wire.INVALID_PARAMS)


def shortcut(live: "Live", leg: Leg) -> "answers.Final | None":
    """Answer what a connector of the other era has no word for."""
    method = live.message.method
    result: bytes | None = None
    if live.context.modern and not leg.modern and method == "server/discover":
        result = wire.encode(bridge.discovered(leg.hello))
    elif not live.context.modern and leg.modern and method in ("ping", "logging/setLevel"):
        result = b"{}"
    elif live.context.modern and leg.modern and method == "server/discover" and isinstance(leg, Channel):
        result = leg.hello
    return None if result is None else answers.Final(wire.response(live.message.id or b"null", result), _OK)
