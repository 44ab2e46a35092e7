"""Sends a person to an address before their call can go on, in the way that the client understands best; and knows its own marks again.

As input_required (2026-07-28), as the error for URL elicitation (2025-11-25), else as a tool error or JSON-RPC error with the address in its text.
"""

from typing import TYPE_CHECKING, Any, Literal

from gatebook.gateway import headers, wire

if TYPE_CHECKING:
    from gatebook.gateway.live import Live
    from gatebook.gateway.refusal import NotConnected

URL_ELICITATION_REQUIRED = -32042
_STATES = ("gatebook-approval:", "gatebook-connect:")


def answer(live: "Live", what: Literal["approval", "connect"], text: str, url: str) -> bytes | None:
    """Ask the client to show the address; None when it cannot, or has been asked already."""
    if live.repeated or not _elicits_urls(live):
        return None
    mark = url.rpartition("/")[2]
    elicitation = {"mode": "url", "elicitationId": mark, "url": url, "message": text}
    id_text = live.message.id or b"null"
    if live.context.modern:
        asked = {what: {"method": "elicitation/create", "params": elicitation}}
        state = f"gatebook-{what}:{mark}"
        return wire.response(id_text, wire.encode({"resultType": "input_required", "inputRequests": asked, "requestState": state}))
    return wire.error(live.message.id, URL_ELICITATION_REQUIRED, text, {"elicitations": [elicitation]})


def to_connect(live: "Live", refusal: "NotConnected") -> tuple[bytes, bool]:
    """The answer to a person who has to connect an account first, and whether the client will show the address itself."""
    asked = answer(live, "connect", str(refusal), refusal.url)
    if asked is not None:
        return asked, True
    text = f"{refusal} Open {refusal.url}, and repeat the call then."
    if live.message.method == "tools/call":
        return wire.tool_error(live.message.id or b"null", text, modern=live.context.modern), False
    return wire.error(live.message.id, wire.NOT_CONNECTED, text, {"connector": refusal.connector, "url": refusal.url}), False


def is_own_state(state: str | None) -> bool:
    """Whether a request carries what the gateway itself gave for the way."""
    return state is not None and state.startswith(_STATES)


def without_own_state(params: bytes | None) -> bytes | None:
    """Return the params of a repeated call without what the gateway itself gave for the way: a connector does not know of it."""
    members = wire.raw_map(params)
    state = wire.text_of(members.get("requestState"))
    if not is_own_state(state):
        return params
    return wire.encode({name: value for name, value in members.items() if name not in ("requestState", "inputResponses")})


def _elicits_urls(live: "Live") -> bool:
    if live.context.modern:
        meta = wire.raw_map(bytes(wire.params_head(live.message.params).meta))
        capabilities: Any = meta.get(headers.META_CAPABILITIES)
    else:
        hello = live.session.hello if live.session is not None else b"{}"
        capabilities = wire.raw_map(hello).get("capabilities")
    elicitation = wire.raw_map(bytes(wire.raw_map(bytes(capabilities or b"{}")).get("elicitation", b"{}")))
    return "url" in elicitation
