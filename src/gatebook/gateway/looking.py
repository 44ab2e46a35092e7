"""The keeper's question over a worker's own socket: look into state at once, and say what is in force.

`POST /state` with `{"cut_offs": [id, ...]}` answers `{"boot", "revision", "ended": {id: {"at_us", "streams", "calls"}}}`.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from gatebook.gateway import wire
from gatebook.gateway.reply import Reply
from gatebook.gateway.severing import Ended
from gatebook.state.store import StateError

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

PATH: Final = "/state"
_BODY_BYTES_MAX = 1 << 20


class Question(Struct, frozen=True):
    """Which cut-offs are asked about."""

    cut_offs: tuple[str, ...] = ()


class InForce(Struct, frozen=True):
    """What a worker has in force."""

    boot: str
    revision: int
    ended: dict[str, Ended]


async def answer(gate: "Gate", receive: Callable[[], Awaitable[MutableMapping[str, Any]]], reply: Reply) -> None:
    """Look, and answer. 503 when state cannot be read, 413 for a question that is too large."""
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event.get("body", b"")
        if not event.get("more_body", False) or len(body) > _BODY_BYTES_MAX:
            break
    if len(body) > _BODY_BYTES_MAX:
        await reply.json(413, wire.encode({"error": f"the question is larger than {_BODY_BYTES_MAX} bytes"}))
        return
    assert gate.look is not None and gate.place is not None
    try:
        question = msgspec.json.decode(body, type=Question)
        await gate.look(0.0)
    except (msgspec.MsgspecError, StateError) as error:
        await reply.json(503, wire.encode({"error": str(error)}))
        return
    news = gate.news(uses=False)
    await reply.json(200, msgspec.json.encode(InForce(gate.place.boot, news.revision, gate.severing.ended(question.cut_offs))))
