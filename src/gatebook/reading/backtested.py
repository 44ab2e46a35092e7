"""What a backtest has found, as people and programs read it."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from gatebook.policy.replay import OTHERS
from gatebook.query.writing import both, term
from gatebook.reading.backtesting import ChangedCall, DetectorFinds, FoundExample, GuardrailFinds, Totals

_TOP = 50


class Transition(Struct, frozen=True, kw_only=True):
    """So many calls would end differently in this way."""

    was: Annotated[str, Meta(description="allowed, redacted or blocked, by the guardrails in force.")]
    now: Annotated[str, Meta(description="The same by the draft.")]
    count: int


class Touched(Struct, frozen=True, kw_only=True):
    """A tool or person. `found`: calls in which the draft finds something, `changed`: those that would end differently; `query` finds all its calls."""

    value: str
    found: int
    changed: int
    query: str


class Span(Struct, frozen=True, kw_only=True):
    """The calls that were looked at. `calls`: how many there are in the range; times in microseconds since 1970, `oldest_us` of the oldest looked at."""

    since_us: int
    until_us: int
    calls: int
    oldest_us: int
    took_s: float


class Backtested(Struct, frozen=True, kw_only=True):
    """What other guardrails would have done. Times in microseconds since 1970. It names detectors, places and shapes, never a value."""

    since_us: int
    until_us: int
    calls: Annotated[int, Meta(description="Calls in the range that guardrails may look at.")]
    looked_at: Annotated[int, Meta(description="Those that were looked at: the newest.")]
    oldest_us: Annotated[int, Meta(description="When the oldest of those began; 0 when there was none.")]
    changed: Annotated[int, Meta(description="Calls that would end differently.")]
    stopped: Annotated[int, Meta(description="Calls that policy stopped before guardrails look at anything.")]
    undecided: Annotated[int, Meta(description="Calls of which a payload is needed that is not there.")]
    missing: Annotated[
        dict[str, int], Meta(description="Why: dropped, erased, damaged, too_large, disk_full, cut (kept in part), withheld (not kept).")
    ]
    altered: Annotated[
        int, Meta(description="Calls whose payload is stored without values that were taken out then: their recorded finds are counted.")
    ]
    faults: Annotated[
        dict[str, int], Meta(description="Calls with a payload that the draft cannot scan to its end, and so blocks, by reason.")
    ]
    faults_before: Annotated[dict[str, int], Meta(description="The same for the guardrails in force.")]
    transitions: list[Transition]
    by_detector: list[DetectorFinds]
    by_guardrail: list[GuardrailFinds]
    by_tool: list[Touched]
    by_person: list[Touched]
    examples: Annotated[list[ChangedCall], Meta(description="Some changed calls of each kind.")]
    found: Annotated[list[FoundExample], Meta(description="Some places of each detector.")]
    bytes: Annotated[int, Meta(description="Size of the payloads that were looked at.")]
    took_s: float
    calls_per_s: float
    mb_per_s: float


def backtested(totals: Totals, span: Span) -> Backtested:
    """The result of a backtest."""
    took_s = max(span.took_s, 0.001)
    changed = totals.transitions.total()
    return Backtested(
        since_us=span.since_us,
        until_us=span.until_us,
        calls=span.calls,
        looked_at=totals.looked_at,
        oldest_us=span.oldest_us,
        changed=changed,
        stopped=totals.stopped,
        undecided=totals.undecided,
        missing=dict(totals.missing.most_common()),
        altered=totals.altered,
        faults=dict(totals.faults.most_common()),
        faults_before=dict(totals.faults_before.most_common()),
        transitions=[Transition(was=was, now=now, count=count) for (was, now), count in totals.transitions.most_common()],
        by_detector=sorted(totals.detectors.values(), key=lambda one: (-one.calls, -one.calls_before, one.detector)),
        by_guardrail=sorted(totals.guardrails.values(), key=lambda one: (-one.calls, -one.calls_before, one.guardrail)),
        by_tool=_touched(
            {_tool_words(key): count for key, count in totals.tools.items()},
            {_tool_words(key): count for key, count in totals.tools_changed.items()},
            {_tool_words(key): both(term("connector", key[0]), term("tool", key[1])) for key in (*totals.tools, *totals.tools_changed)},
        ),
        by_person=_touched(
            totals.people, totals.people_changed, {name: term("person", name) for name in (*totals.people, *totals.people_changed)}
        ),
        examples=[one for _, some in sorted(totals.changed.items()) for one in some],
        found=[one for _, some in sorted(totals.found.items()) for one in some.values()],
        bytes=totals.bytes,
        took_s=round(span.took_s, 3),
        calls_per_s=round(totals.looked_at / took_s, 1),
        mb_per_s=round(totals.bytes / took_s / 1e6, 2),
    )


def _tool_words(key: tuple[str, str]) -> str:
    return f"{key[0]}__{key[1]}" if key[1] else key[0]


def _touched(found: Mapping[str, int], changed: Mapping[str, int], queries: Mapping[str, str]) -> list[Touched]:
    names = sorted(Counter(found) | Counter(changed), key=lambda name: (-changed.get(name, 0), -found.get(name, 0), name))
    return [
        Touched(value=name, found=found.get(name, 0), changed=changed.get(name, 0), query="" if name == OTHERS else queries[name])
        for name in names[:_TOP]
    ]
