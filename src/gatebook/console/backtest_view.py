"""What the templates of a backtest show."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from gatebook.console.address import explorer
from gatebook.console.looks import EFFECTS, Look
from gatebook.console.times import Range
from gatebook.console.zones import Zone
from gatebook.reading.backtested import Backtested, Touched
from gatebook.reading.backtesting import ChangedCall, FoundExample
from gatebook.reading.backtests import Backtesting
from gatebook.reading.wording import FAULT_WORDS, MISSING_WORDS

_ROWS: Final = 20


class Turn(Struct, frozen=True, kw_only=True):
    """From what to what, and how many."""

    was: Look
    now: Look
    count: str


class Sum(Struct, frozen=True, kw_only=True):
    """A line of a table of counts; `href` leads to the calls."""

    label: str
    href: str
    word: str
    first: str
    second: str
    third: str = ""


class Changed(Struct, frozen=True, kw_only=True):
    """A call that would end differently."""

    href: str
    tool: str
    person: str
    was: Look
    now: Look
    by: str
    part: str


class Found(Struct, frozen=True, kw_only=True):
    """A place where something was found."""

    detector: str
    href: str
    tool: str
    place: str
    shape: str
    within: str
    by: str


class ResultView(Struct, frozen=True, kw_only=True):
    """A result."""

    summary: str
    notes: tuple[str, ...]
    turns: tuple[Turn, ...]
    guardrails: tuple[Sum, ...]
    detectors: tuple[Sum, ...]
    tools: tuple[Sum, ...]
    people: tuple[Sum, ...]
    changed: tuple[Changed, ...]
    found: tuple[Found, ...]


class BacktestView(Struct, frozen=True, kw_only=True):
    """A backtest as it stands."""

    id: str
    state: str
    percent: int
    range: str
    failure: str
    summary: str
    result: ResultView | None


def backtest_view(found: Backtesting, zone: Zone) -> BacktestView:
    """One backtest in the words of the console."""
    result = None if found.result is None else _result(found.result, zone)
    return BacktestView(
        id=found.id,
        state=found.state,
        percent=round(found.done * 100),
        range=f"{zone.span(found.since_us, found.until_us)} {zone.word(found.until_us)}",
        failure=found.failure or "",
        summary=result.summary if result else "",
        result=result,
    )


def _result(found: Backtested, zone: Zone) -> ResultView:
    span = Range(since_us=found.since_us, until_us=found.until_us)
    return ResultView(
        summary=_summary(found),
        notes=tuple(_notes(found, zone)),
        turns=tuple(Turn(was=EFFECTS[one.was], now=EFFECTS[one.now], count=f"{one.count:,}") for one in found.transitions),
        guardrails=tuple(
            Sum(
                label=one.guardrail,
                href="",
                word=one.action + (", observed only" if one.observed else ""),
                first=f"{one.calls:,}",
                second=f"{one.calls_before:,}",
                third=f"{one.finds:,}",
            )
            for one in found.by_guardrail[:_ROWS]
        ),
        detectors=tuple(
            Sum(
                label=one.detector,
                href="",
                word=one.severity,
                first=f"{one.calls:,}",
                second=f"{one.calls_before:,}",
                third=f"{one.finds:,}",
            )
            for one in found.by_detector[:_ROWS]
        ),
        tools=tuple(_touched(one, span, one.value.replace("__", " / ", 1)) for one in found.by_tool[:_ROWS]),
        people=tuple(_touched(one, span, one.value) for one in found.by_person[:_ROWS]),
        changed=tuple(_changed(one) for one in _some_of_each(found)),
        found=tuple(_found(one) for one in found.found[: 2 * _ROWS]),
    )


def _summary(found: Backtested) -> str:
    if not found.looked_at:
        return "There are no calls in this time"
    return f"{found.changed:,} of {found.looked_at:,} {'call' if found.looked_at == 1 else 'calls'} would end differently"


def _notes(found: Backtested, zone: Zone) -> Iterator[str]:
    if found.looked_at < found.calls:
        yield f"The newest {found.looked_at:,} of {found.calls:,} calls were looked at, since {zone.stamp(found.oldest_us)}."
    if found.undecided:
        why = ", ".join(f"{count:,} {MISSING_WORDS.get(name, name)}" for name, count in found.missing.items())
        yield f"{_calls(found.undecided)} could not be looked at, because a payload is not there: {why}."
    if found.altered:
        yield (
            f"Of {_calls(found.altered)} the book has a payload without values that a guardrail took out then. What was found then is counted,"
            " but no other detector can look at it."
        )
    if found.stopped:
        yield f"Policy stopped {_calls(found.stopped)} before guardrails looked."
    for name, count in found.faults.items():
        yield f"In {_calls(count)} a payload cannot be scanned, and so does not pass: it is {FAULT_WORDS.get(name, name)}."
    if found.looked_at:
        yield f"It took {found.took_s:.1f} s: {found.calls_per_s:,.0f} calls/s, {found.mb_per_s:.1f} MB/s. Values are never part of the result."


def _calls(count: int) -> str:
    return f"{count:,} {'call' if count == 1 else 'calls'}"


def _touched(one: Touched, span: Range, label: str) -> Sum:
    return Sum(label=label, href=explorer(one.query, span) if one.query else "", word="", first=f"{one.changed:,}", second=f"{one.found:,}")


def _some_of_each(found: Backtested) -> Iterator[ChangedCall]:
    """Yield as many examples as are shown, of each kind of change as many."""
    each = max(1, _ROWS // max(1, len(found.transitions)))
    for turn in found.transitions:
        yield from [one for one in found.examples if (one.was, one.now) == (turn.was, turn.now)][:each]


def _changed(one: ChangedCall) -> Changed:
    return Changed(
        href=f"/calls/{one.call}",
        tool=f"{one.connector} / {one.tool}",
        person=one.person,
        was=EFFECTS[one.was],
        now=EFFECTS[one.now],
        by=one.now_by or one.was_by,
        part=one.part,
    )


def _found(one: FoundExample) -> Found:
    return Found(
        detector=one.detector,
        href=f"/calls/{one.call}",
        tool=f"{one.connector} / {one.tool}",
        place=f"{one.part} {one.pointer}{' (key)' if one.in_key else ''}",
        shape=one.shape,
        within=", ".join(one.layers) or "–",
        by=f"{one.guardrail} ({one.action})",
    )
