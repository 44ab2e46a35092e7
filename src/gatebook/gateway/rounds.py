"""Several requests that are one logical call: `input_required`, then the same call again with `requestState` (SEP-2322)."""

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from gatebook.gateway import wire
from gatebook.gateway.context import Context
from gatebook.gateway.recorder import Asked
from gatebook.gateway.refusal import Refusal
from gatebook.record.parts import Round

if TYPE_CHECKING:
    from gatebook.gateway.live import Live

_WAITING_MAX = 10_000
_CALLS_MAX = 1000


_Call = tuple[str, str | None, str, str | None]


class _Place(Struct, frozen=True):
    first: str
    number: int


class Rounds:
    """The calls of this worker that wait for another round, by hash of their state."""

    def __init__(self) -> None:
        # A connector may give the same state to several people, so that a state may belong to several calls.
        self._waiting: dict[bytes, dict[_Call, _Place]] = {}

    def wait_for(self, result: bytes, live: "Live") -> None:
        """Remember a call that was answered with input_required."""
        state = wire.result_head(result).request_state
        if state is None or live.id is None:
            return
        before = live.asked.round
        first, number = (before.first, before.number) if before is not None else (live.id, 1)
        calls = self._waiting.setdefault(_key(state), {})
        calls[_call(live.asked, live.context)] = _Place(first, number)
        if len(calls) > _CALLS_MAX:
            del calls[next(iter(calls))]
        if len(self._waiting) > _WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]

    def continued(self, state: str | None, asked: Asked, context: Context) -> Round | None:
        """Return the place of a request that carries a state. Raises Refusal when the state was given to somebody else or for another call."""
        if state is None:
            return None
        calls = self._waiting.get(_key(state))
        if calls is None:
            return None
        place = calls.get(_call(asked, context))
        if place is None:
            raise Refusal(wire.INVALID_PARAMS, "params.requestState belongs to another call", status=400, error_class="permission")
        return Round(first=place.first, number=place.number + 1)


def _call(asked: Asked, context: Context) -> _Call:
    return context.principal.person, asked.connector, asked.method, asked.tool


def _key(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()
