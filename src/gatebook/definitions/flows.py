"""Toxic flows: in one session, words of strangers were read, then private data, then something went out.

The words of strangers may have given the order, and what went out may be the data. Nobody can tell from the calls, so the calls are named.
Only the order of calls is looked at: flows over several sessions, and what a person carries by hand, are missed.
"""

from typing import Literal

from msgspec import Struct

from gatebook.definitions.labels import PRIVATE, SINK, UNTRUSTED

WINDOW_US = 30 * 60 * 1_000_000
_LOOKED_AT = UNTRUSTED | PRIVATE | SINK
_LONG_AGO = -(1 << 62)


class Flow(Struct, frozen=True, gc=False):
    """What a session has read so far: id and time (microseconds) of the newest call of each kind, None where there was none.

    `before` is the newest untrusted call that came before, or with, the newest private one.
    """

    untrusted: str | None = None
    untrusted_us: int = _LONG_AGO
    private: str | None = None
    private_us: int = _LONG_AGO
    before: str | None = None
    before_us: int = _LONG_AGO


class Toxic(Struct, frozen=True, gc=False):
    """A flow that is complete. `calls` are the ids in order, the last is the call that would carry something out; `span_us` is from first to last."""

    kind: Literal["untrusted_private_sink", "private_sink"]
    calls: tuple[str, ...]
    span_us: int


FRESH = Flow()


def step(flow: Flow, labels: int, call_id: str, time_us: int, window_us: int = WINDOW_US) -> tuple[Flow, Toxic | None]:
    """Take in one call, before it is carried out. `labels` are bits of `labels`; times are of one clock and do not fall.

    A call that can carry out and read is first held against what was read before it: what it reads cannot be in its own arguments.
    """
    if not labels & _LOOKED_AT:
        return flow, None
    toxic = None
    if labels & SINK and flow.private is not None:
        if flow.before is not None and time_us - flow.before_us <= window_us:
            toxic = Toxic("untrusted_private_sink", (flow.before, flow.private, call_id), time_us - flow.before_us)
        elif time_us - flow.private_us <= window_us:
            toxic = Toxic("private_sink", (flow.private, call_id), time_us - flow.private_us)
    if not labels & (UNTRUSTED | PRIVATE):
        return flow, toxic
    untrusted, untrusted_us = (call_id, time_us) if labels & UNTRUSTED else (flow.untrusted, flow.untrusted_us)
    if labels & PRIVATE:
        return Flow(untrusted, untrusted_us, call_id, time_us, untrusted, untrusted_us), toxic
    return Flow(untrusted, untrusted_us, flow.private, flow.private_us, flow.before, flow.before_us), toxic
