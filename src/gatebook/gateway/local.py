"""What the gateway answers itself on /mcp, the aggregate of all connectors that a person may use."""

import asyncio
from typing import TYPE_CHECKING, Any

from gatebook.gateway import answers, bridge, headers, wire
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.legs import Name, final_of, outgoing
from gatebook.gateway.plan import LISTS, SEPARATOR, permitted
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.upstream.exchange import HttpFailure, InvalidAnswer, Leg
from gatebook.gateway.upstream.h1 import UpstreamError

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live

_PAGES_MAX = 100
_LIST_S = 20.0
_NAMED = ("tools/list", "prompts/list")
_CAPABILITIES = {"tools": {"listChanged": True}, "prompts": {}, "resources": {"subscribe": True}, "completions": {}, "logging": {}}
_INSTRUCTIONS = "Tools and prompts of several connectors; each name begins with its connector and two underscores. Every call is recorded."


async def answer(gate: "Gate", live: "Live") -> bytes:
    """Return the result of a request to the aggregate itself. Raises Refusal."""
    method, context = live.message.method, live.context
    if method in LISTS:
        return await _list(gate, live)
    if not context.modern and method == "initialize":
        return wire.encode(_hello(context.protocol))
    if context.modern and method == "server/discover":
        return wire.encode(bridge.discovered(wire.encode(_hello(None))))
    if not context.modern and method == "ping":
        return b"{}"
    if not context.modern and method == "logging/setLevel":
        await _to_all(gate, live)
        return b"{}"
    if method == "subscriptions/listen":
        raise Refusal(wire.METHOD_NOT_FOUND, "subscriptions/listen is served per connector: use /mcp/<connector>", status=404)
    raise Refusal(wire.METHOD_NOT_FOUND, f"unknown method {method[:100]!r}", status=404 if context.modern else 200)


def _hello(protocol: str | None) -> dict[str, Any]:
    return {
        "protocolVersion": protocol or headers.LATEST_LEGACY,
        "capabilities": _CAPABILITIES,
        "serverInfo": bridge.GATEWAY_INFO,
        "instructions": _INSTRUCTIONS,
    }


async def _list(gate: "Gate", live: "Live") -> bytes:
    key = LISTS[live.message.method]
    runtimes = permitted(gate, live.context)
    pages = await asyncio.gather(*(_list_one(gate, live, runtime) for runtime in runtimes))
    entries = [entry for page in pages for entry in page]
    result: dict[str, Any] = {key: entries}
    if live.context.modern:
        # What one person may see is nobody else's: never from a shared cache.
        result |= {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    return wire.encode(result)


async def _list_one(gate: "Gate", live: "Live", runtime: Runtime) -> list[Any]:
    """List all pages of one connector. One that does not answer is left out, so that the others still work; the record says so."""
    entries: list[Any] = []
    cursor: bytes | None = None
    try:
        async with asyncio.timeout(min(_LIST_S, runtime.timeout_s)):
            leg = await gate.legs.find(runtime, live.context, live.session)
            for _ in range(_PAGES_MAX):
                page, cursor = await _page(gate, live, runtime, leg, cursor)
                entries += page
                if cursor is None:
                    break
    except (UpstreamError, HttpFailure, InvalidAnswer, bridge.NotBridged, Refusal, TimeoutError) as error:
        gate.note_unlisted(runtime, str(error) or "no answer in time")
    return entries


async def _page(gate: "Gate", live: "Live", runtime: Runtime, leg: Leg, cursor: bytes | None) -> tuple[list[Any], bytes | None]:
    method = live.message.method
    members = wire.raw_map(live.message.params)
    members.pop("cursor", None)
    if cursor is not None:
        members["cursor"] = wire.raw(cursor)
    id_text = gate.own_request_id()
    params = wire.encode(members) if members else None
    request = wire.Message("request", wire.request(id_text, method, params), id_text, method, params)
    final = await final_of(await leg.send(outgoing(live.context, request, leg, runtime, Name(None, None))), id_text)
    if final.result is None:
        return [], None
    runtime.catalog.learn(method, final.result)
    gate.saw_tools(runtime, method, final.result, complete=cursor is None and b'"nextCursor"' not in final.result)
    if method == "tools/list":
        final = wire.parse_answer(answers.without_hidden(gate, live.context, runtime, final, modern=False))
    shown = wire.raw_map(final.result)
    page = wire.raw_list(shown.get(LISTS[method]))
    named = [_renamed(runtime.name, entry) for entry in page] if method in _NAMED else list(page)
    return named, bytes(shown["nextCursor"]) if "nextCursor" in shown and bytes(shown["nextCursor"]) != b"null" else None


def _renamed(connector: str, entry: Any) -> Any:
    # The rest of the definition is relayed byte for byte: schemas do not survive being read and written by a typed model.
    members = wire.raw_map(bytes(entry))
    members["name"] = wire.raw(wire.encode(f"{connector}{SEPARATOR}{wire.text_of(members.get('name')) or ''}"))
    return wire.raw(wire.encode(members))


async def _to_all(gate: "Gate", live: "Live") -> None:
    """Pass a request on to every connector that this session has opened."""
    for name, leg in list(live.session.legs.items()) if live.session is not None else []:
        runtime = gate.runtimes.get(name)
        if runtime is None or leg.modern:
            continue
        id_text = gate.own_request_id()
        request = wire.Message(
            "request", wire.request(id_text, live.message.method, live.message.params), id_text, live.message.method, live.message.params
        )
        try:
            await final_of(await leg.send(outgoing(live.context, request, leg, runtime, Name(None, None))), id_text)
        except (UpstreamError, HttpFailure, InvalidAnswer, Refusal):
            continue
