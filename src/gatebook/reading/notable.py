"""Notable facts of an investigation: each is one sentence, the calls behind it, and how it was found. Only what the index can tell."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.index.counts import Buckets
from gatebook.query.tree import Compare
from gatebook.query.writing import both, term
from gatebook.reading.room import moment
from gatebook.reading.tallies import Asking, Entry, Query_

_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
PROFILE_DAYS: Final = 28
_ACTIVE_DAYS_MIN: Final = 7
_SPIKE_MIN: Final = 20
_SPIKE_MADS: Final = 6
_SPANS_MAX: Final = 40
_RANGE_MAX_US: Final = 32 * _DAY_US
_LARGE_RECORDS: Final = 1000
_NEW_SHOWN: Final = 5


class Fact(Struct, frozen=True, kw_only=True):
    """Something to know first."""

    text: Annotated[str, Meta(description="One sentence.")]
    count: Annotated[int, Meta(description="How many calls it is about.")]
    query: Query_
    how: Annotated[str, Meta(description="How it was found.")]
    severity: Annotated[str, Meta(description="high, medium or low: in which order to read.")] = "medium"


async def refusals(asking: Asking, total: Entry) -> list[Fact]:
    """Calls that governance stopped, that carried grave findings, or that brought very many records."""
    text = asking.question.text
    found = []
    if total.blocked:
        groups = await asking.table(("rule", "decision"), ("count",), about=asking.about(both(text, "status:blocked")))
        rules = [group for group in groups if group.keys[1] == "blocked" and "allow" not in group.keys[0]]
        most = f", most by rule {rules[0].keys[0]}" if rules else ""
        found.append(Fact(
            text=f"{_calls(total.blocked)} {_were(total.blocked)} refused{most}.", count=total.blocked, query=both(text, "status:blocked"),
            how="Calls with status blocked.", severity="high",
        ))  # fmt: skip
    for query, words, how, severity in (
        (
            "severity:(high, critical)",
            "carried sensitive data of high or critical severity",
            "Findings of the data scan in arguments or response.",
            "high",
        ),
        (
            f"returned:>={_LARGE_RECORDS}",
            f"brought {_LARGE_RECORDS:,} records or more each",
            "Length of the longest list in the response.",
            "medium",
        ),
    ):
        count = int((await asking.table((), ("count",), about=asking.about(both(text, query))))[0].values["count"])
        if count:
            found.append(Fact(text=f"{_calls(count)} {words}.", count=count, query=both(text, query), how=how, severity=severity))
    return found


async def firsts(asking: Asking, start: Compare | None, since_us: int, until_us: int) -> list[Fact]:
    """What was new within the range: tools that a person had never used, people who had never used a tool or connector."""
    if start is None or start.field not in ("person", "tool", "connector"):
        return []
    by = ("connector", "tool") if start.field == "person" else ("person",)
    ever = asking.about(asking.question.text, 0, until_us)
    groups = await asking.table(by, ("first_us", "count"), about=ever, limit=5000)
    if not groups:
        return []
    if min(group.values["first_us"] for group in groups) >= since_us:
        how = "The earliest call in the index; what was before the book, or was dropped from it, is not known."
        count = sum(int(group.values["count"]) for group in groups)
        who = "This person's" if start.field == "person" else f"The {start.field}'s"
        return [
            Fact(
                text=f"{who} first call in the book is within this range.", count=count, query=asking.question.text, how=how, severity="low"
            )
        ]
    new = sorted((group for group in groups if group.values["first_us"] >= since_us), key=lambda group: group.values["first_us"])
    filters = [" ".join(term(field, key) for field, key in zip(by, group.keys, strict=True)) for group in new]
    if not new:
        return []
    names = [
        " · ".join(key for key in group.keys if key) or "gateway" if start.field == "person" else asking.person(group.keys[0])
        for group in new
    ]
    listed = ", ".join(names[:_NEW_SHOWN]) + (f" and {len(names) - _NEW_SHOWN} more" if len(names) > _NEW_SHOWN else "")
    if len(filters) > _SPANS_MAX:
        return []
    what = "Used for the first time by this person" if start.field == "person" else f"People who used this {start.field} for the first time"
    query = both(asking.question.text, f"({' OR '.join(f'({item})' for item in filters)})")
    count = sum(int(group.values["count"]) for group in new)
    return [Fact(text=f"{what}: {listed}.", count=count, query=query, how="No earlier call with the same pair is in the index.")]


async def rhythm(asking: Asking, since_us: int, until_us: int) -> list[Fact]:
    """Days far above the median of those before, and calls at hours of the day at which there were none before."""
    if until_us - since_us > _RANGE_MAX_US:
        return []
    first = since_us // _HOUR_US * _HOUR_US
    before = await _hours(asking, first - PROFILE_DAYS * _DAY_US, first)
    within = await _hours(asking, first, until_us, since_us)
    days = _by_day(before)
    if len(days) < _ACTIVE_DAYS_MIN:
        return []
    return [*_spikes(asking.question.text, days, _by_day(within)), *_odd_hours(asking.question.text, before, within)]


async def _hours(asking: Asking, since_us: int, until_us: int, from_us: int | None = None) -> dict[int, int]:
    """Calls by the hour in which they began, microseconds since 1970."""
    about = asking.about(asking.question.text, since_us if from_us is None else from_us, until_us)
    groups = await asking.table((), ("count",), about=about, buckets=Buckets(since_us=since_us, step_us=_HOUR_US))
    return {since_us + (group.bucket or 0) * _HOUR_US: int(group.values["count"]) for group in groups if group.bucket is not None}


def _by_day(hours: Mapping[int, int]) -> dict[int, int]:
    days: dict[int, int] = defaultdict(int)
    for at, count in hours.items():
        days[at // _DAY_US * _DAY_US] += count
    return days


def _spikes(text: str, before: Mapping[int, int], within: Mapping[int, int]) -> list[Fact]:
    usual = list(before.values())
    median = statistics.median(usual)
    deviation = statistics.median(abs(count - median) for count in usual) * 1.4826
    bound = max(_SPIKE_MIN, max(usual), median + _SPIKE_MADS * max(deviation, 1))
    how = (
        f"Calls per day (UTC) against the {len(usual)} days with calls among the {PROFILE_DAYS} before the range: "
        f"above their maximum, and more than {_SPIKE_MADS} median absolute deviations above their median."
    )
    return [
        Fact(
            text=f"{_day(day)}: {count:,} calls; on the {len(usual)} active days before, the median was {median:,.0f} and the most {max(usual):,}.",
            count=count,
            query=both(text, f"time:{moment(day)}..{moment(day + _DAY_US)}"),
            how=how,
            severity="high",
        )
        for day, count in sorted(within.items())
        if count > bound
    ][:_NEW_SHOWN]


def _odd_hours(text: str, before: Mapping[int, int], within: Mapping[int, int]) -> list[Fact]:
    usual = {at % _DAY_US for at in before}
    odd = sorted(at for at, count in within.items() if count and at % _DAY_US not in usual)
    spans = _merged(odd)
    if not odd or len(usual) < 3 or len(spans) > _SPANS_MAX:
        return []
    count = sum(within[at] for at in odd)
    written = " OR ".join(f"time:{moment(low)}..{moment(high)}" for low, high in spans)
    hours = ", ".join(f"{at // _HOUR_US:02d}–{(at // _HOUR_US + 1) % 24:02d} h" for at in sorted({at % _DAY_US for at in odd})[:_NEW_SHOWN])
    how = f"Hours of the day (UTC) without any such call in the {PROFILE_DAYS} days before the range, of which at least {_ACTIVE_DAYS_MIN} had calls."
    return [
        Fact(
            text=f"{_calls(count)} came at hours that were quiet before: {hours} UTC.",
            count=count,
            query=both(text, f"({written})"),
            how=how,
        )
    ]


def _merged(hours: Sequence[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for at in hours:
        if spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], at + _HOUR_US)
        else:
            spans.append((at, at + _HOUR_US))
    return spans


def _day(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us // 1_000_000, UTC):%a %-d %b %Y}"


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
