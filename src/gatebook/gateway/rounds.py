"""Several requests that are one logical call: `input_required`, then the same call again with `requestState` (SEP-2322)."""

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from gatebook.gateway import wire
from gatebook.gateway.context import Context
from gatebook.gateway.plan import Refusal
from gatebook.gateway.recorder import Asked
from gatebook.record.parts import Round

if TYPE_CHECKING:
    from gatebook.gateway.call import Live

_WAITING_MAX = 10_000


class _Waiting(Struct, frozen=True):
    person: str
    method: str
    tool: str | None
    first: str
    number: int


class Rounds:
    """The calls of this worker that wait for another round, by hash of their state."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, _Waiting] = {}

    def wait_for(self, result: bytes, live: "Live") -> None:
        """Remember a call that was answered with input_required."""
        state = wire.result_head(result).request_state
        if state is None or live.id is None:
            return
        before = live.asked.round
        first, number = (before.first, before.number) if before is not None else (live.id, 1)
        self._waiting[_key(state)] = _Waiting(live.context.principal.person, live.asked.method, live.asked.tool, first, number)
        if len(self._waiting) > _WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]

    def continued(self, state: str | None, asked: Asked, context: Context) -> Round | None:
        """Return the place of a request that carries a state. Raises Refusal when the state was given to somebody else or for another call."""
        if state is None:
            return None
        waiting = self._waiting.get(_key(state))
        if waiting is None:
            return None
        if (waiting.person, waiting.method, waiting.tool) != (context.principal.person, asked.method, asked.tool):
            raise Refusal(wire.INVALID_PARAMS, "params.requestState belongs to another call", status=400, error_class="permission")
        return Round(first=waiting.first, number=waiting.number + 1)


def _key(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()
