"""What the client gets: the connector's final answer, or an error that says what went wrong in words a person or a model can use."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gatebook.gateway import bridge, carrying, eliciting, guarding, headers, sse, wire
from gatebook.gateway import outcome as judge
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.context import Context
from gatebook.gateway.plan import LISTS
from gatebook.gateway.refusal import NotConnected, Refusal
from gatebook.gateway.upstream.exchange import HttpFailure, InvalidAnswer, Item, Leg
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.record.parts import Client, Outcome

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live

_STATUS_BY_CODE = {
    wire.PARSE_ERROR: 400,
    wire.INVALID_REQUEST: 400,
    wire.INVALID_PARAMS: 400,
    wire.HEADER_MISMATCH: 400,
    wire.MISSING_CAPABILITY: 400,
    wire.UNSUPPORTED_VERSION: 400,
    wire.METHOD_NOT_FOUND: 404,
}
_CLIENT_CHARS_MAX = 128


class Final(Struct, frozen=True):
    """The final answer: the message, its outcome, the event it came in where it goes out unchanged, its HTTP status.

    `kept`: what the book keeps, where that is not what the client gets.
    """

    body: bytes
    outcome: Outcome
    event: bytes | None = None
    status: int | None = None
    kept: bytes | None = None


async def final(gate: "Gate", live: "Live", leg: Leg, item: Item) -> Final:
    """Make the client's answer from the connector's. Raises NotBridged."""
    message = item.message
    assert message is not None and live.plan is not None and live.plan.runtime is not None and live.exchange is not None
    outcome = judge.of_answer(message, live.exchange.http_status)
    if live.cancel_asked and message.kind == "error":
        outcome = replace(outcome, status="cancelled", error_class="cancelled", detail="the client cancelled it")
    if message.id != live.message.id:
        # An HTTP error often says null or a word of its own; the client could not tell which request it answers.
        message = wire.parse_answer(wire.with_id(message, live.message.id or b"null"))
        item = Item(message.raw, message)
    method = live.message.method
    looked = await guarding.response(gate, live, message)
    if looked.withheld is not None:
        return withheld(live, looked)
    changed = carrying.plant(gate, live, looked.message)
    if changed is not message:
        message = changed
        item = Item(sse.event(message.raw), message)
    body = message.raw
    if method in LISTS and message.result is not None:
        runtime = live.plan.runtime
        runtime.catalog.learn(method, message.result)
        whole = b'"cursor"' not in (live.message.params or b"") and b'"nextCursor"' not in message.result
        gate.saw_tools(runtime, method, message.result, complete=whole)
        if method == "tools/list":
            body = without_hidden(gate, live.context, live.plan.runtime, message, modern=leg.modern)
    if live.context.modern != leg.modern:
        changed = wire.parse_answer(body)
        body = bridge.answer_for_modern(method, changed) if live.context.modern else bridge.answer_for_legacy(changed)
    if outcome.status == "pending":
        gate.rounds.wait_for(message.result or b"{}", live)
    if body is not message.raw:
        return Final(body, outcome, sse.event(body) if live.exchange.form == "sse" else None)
    if live.exchange.form == "sse":
        return Final(body, outcome, item.raw)
    return Final(body, outcome, None, _status_on(live.exchange.http_status) if live.exchange.form == "json" else None)


def _status_on(status: int | None) -> int | None:
    """Return the connector's HTTP status where it says the same to the gateway's client: not that of its own sign-in, nor a redirect."""
    return None if status is None or 300 <= status < 400 or status in (401, 403, 407) else status


def without_hidden(gate: "Gate", context: Context, runtime: Runtime, message: wire.Message, *, modern: bool) -> bytes:
    """Return the answer to tools/list without the tools that the person may not call; unchanged where nothing is hidden."""
    members = wire.raw_map(message.result)
    tools = wire.raw_list(members.get("tools"))
    kept = [tool for tool in tools if gate.visible(context, runtime, name_of(tool) or "")]
    private = b'"private"'
    # A result with two lists would be read differently by another parser.
    plain = (message.result or b"").count(b'"tools"') == 1
    if plain and len(kept) == len(tools) and (not modern or members.get("cacheScope") in (None, private)):
        return message.raw
    members["tools"] = wire.raw(wire.encode(kept))
    if modern:
        # What is filtered for one must not be served to another from a shared cache.
        members["cacheScope"] = wire.raw(private)
    return wire.response(message.id or b"null", wire.encode(members))


def name_of(entry: Any) -> str | None:
    """Return `name` of a listed entry."""
    return wire.text_of(wire.raw_map(bytes(entry)).get("name"))


def of_error(live: "Live", error: Exception) -> Final:
    """Make the client's answer from what went wrong on the way to the connector."""
    if isinstance(error, NotConnected):
        return _to_connect(live, error)
    if isinstance(error, Refusal) and error.code == wire.UPSTREAM_FAILED:
        return _unusable(live, error)
    if isinstance(error, Refusal):
        return Final(
            wire.error(live.message.id, error.code, str(error), error.data),
            judge.refused(error.code, str(error), error.error_class),
            None,
            error.status,
        )
    if isinstance(error, bridge.NotBridged):
        outcome = Outcome(
            status="protocol_error", transport="not_sent", rpc_code=wire.NOT_BRIDGED, error_class="unsupported", detail=str(error)
        )
        return Final(wire.error(live.message.id, wire.NOT_BRIDGED, str(error)), outcome, None, 400 if live.context.modern else 200)
    if isinstance(error, HttpFailure):
        if error.status == 404 and live.session is not None and live.message.method != "initialize" and live.context.connector is not None:
            return _session_gone(live, error)
        return failed(live, judge.of_failure("http_error", str(error), error.status))
    if isinstance(error, UpstreamError):
        return failed(live, judge.of_failure(error.reason, str(error)))
    assert isinstance(error, InvalidAnswer)
    return failed(live, judge.of_failure("invalid", str(error)))


def _to_connect(live: "Live", error: NotConnected) -> Final:
    body, shows = eliciting.to_connect(live, error)
    outcome = judge.of_failure("http_error", str(error)[:500], error.http_status or 401)
    return Final(body, replace(outcome, status="pending", error_class="auth") if shows else replace(outcome, error_class="auth"))


def _unusable(live: "Live", error: Refusal) -> Final:
    outcome = replace(judge.of_failure("refused", str(error)[:500]), error_class=error.error_class)
    if live.message.method == "tools/call":
        return Final(wire.tool_error(live.message.id or b"null", str(error), modern=live.context.modern), outcome)
    return Final(wire.error(live.message.id, error.code, str(error)), outcome)


def _session_gone(live: "Live", error: HttpFailure) -> Final:
    # The client can mend this itself: 404 tells it to initialize again (MCP, transports, session management).
    body = wire.error(live.message.id, wire.INVALID_REQUEST, "the connector has ended this session; initialize again")
    return Final(body, judge.of_failure("http_error", "the connector has ended the session", error.status), None, 404)


async def late(gate: "Gate", live: "Live", message: wire.Message) -> Final:
    """Make the client's answer from one that came on another stream than that of its call."""
    looked = await guarding.response(gate, live, message)
    if looked.withheld is not None:
        return withheld(live, looked)
    return Final(looked.message.raw, judge.of_answer(looked.message))


def withheld(live: "Live", looked: guarding.Looked) -> Final:
    """Make the client's answer for one that must not reach it; the book keeps what may be kept of it."""
    text = f"The answer was withheld: {looked.withheld}"
    outcome = Outcome(status="blocked", transport="ok", error_class="policy", detail=(looked.withheld or "")[:500])
    if live.message.method == "tools/call":
        body = wire.tool_error(live.message.id or b"null", text, modern=live.context.modern)
    else:
        body = wire.error(live.message.id, wire.BLOCKED, text)
    scanned = looked.verdict is not None and looked.verdict.safe_body is not None
    return Final(body, outcome, None, None, looked.message.raw if scanned else None)


def failed(live: "Live", outcome: Outcome) -> Final:
    """Make the answer for a call that brought none: a tool error where a model reads it, else a JSON-RPC error."""
    who = f"The connector {live.asked.connector}" if live.asked.connector else "The gateway"
    text = f"{who} could not answer: {outcome.detail or outcome.status}."
    if live.message.method == "tools/call":
        return Final(wire.tool_error(live.message.id or b"null", text, modern=live.context.modern), outcome)
    data = {"status": outcome.status, "error_class": outcome.error_class}
    return Final(wire.error(live.message.id, wire.UPSTREAM_FAILED, text, data), outcome)


def broken(live: "Live") -> Final:
    """Make the answer for a call that failed by a fault of the gateway's own."""
    outcome = Outcome(
        status="protocol_error", transport="broken", rpc_code=wire.INTERNAL_ERROR, error_class="internal", detail="a fault of the gateway"
    )
    return Final(
        wire.error(live.message.id, wire.INTERNAL_ERROR, "The gateway failed to carry out the call; its log says why."), outcome, None, 500
    )


def not_recorded(message: wire.Message, reason: str, *, ran: bool = False) -> bytes:
    """Write the error for a call that cannot be recorded."""
    text = (
        "The call was carried out, but its outcome could not be recorded, so its answer is withheld. Do not repeat it unasked."
        if ran
        else "The call was not carried out: it could not be recorded."
    )
    return wire.error(message.id, wire.AUDIT_UNAVAILABLE, text, {"reason": "audit_unavailable", "detail": reason, "carried_out": ran})


def session_header(live: "Live") -> tuple[tuple[bytes, bytes], ...]:
    """Return the header that gives a client its session id, on the answer to its initialize."""
    if live.session is None or live.message.method != "initialize":
        return ()
    return ((b"mcp-session-id", live.session.id.encode()),)


def status_of(live: "Live", body: bytes) -> int:
    """Return the HTTP status of an answer that the gateway has put together; handshake revisions always use 200."""
    if not live.context.modern or b'"error"' not in body:
        return 200
    message = wire.parse_answer(body)
    return 200 if message.error is None else _STATUS_BY_CODE.get(wire.error_head(message.error).code, 200)


def note_client(context: Context, meta: dict[str, Any]) -> None:
    """Take the client's name and version from a request of the stateless era."""
    context.client = client_of(wire.raw_map(bytes(meta.get(headers.META_CLIENT, b"{}"))), context.client.user_agent)
    context.protocol = wire.text_of(meta.get(headers.META_VERSION)) or context.protocol


def client_of(info: dict[str, Any], user_agent: str | None) -> Client:
    """Read clientInfo."""
    name, version = (wire.text_of(info.get(key)) for key in ("name", "version"))
    return Client(name=name and name[:_CLIENT_CHARS_MAX], version=version and version[:_CLIENT_CHARS_MAX], user_agent=user_agent)
