"""Groups and their measures are those of the rows, stored and waiting."""

import statistics

import pytest

from gatebook.index import FullRow, Index
from gatebook.index.tallies import FAILED, MEASURES, Buckets, table
from gatebook.query import parse
from tests.index.test_counts import ROWS, START_US, STEP_US, half

__all__ = ["half"]
PLAIN = tuple(name for name, measure in MEASURES.items() if not name.startswith("p") and not measure.first_of)


def _measured(rows: list[FullRow]) -> dict[str, float]:
    return {
        "count": len(rows),
        "errors": sum(row.status in FAILED for row in rows),
        "blocked": sum(row.status == "blocked" for row in rows),
        "redacted": sum(row.effect == "redacted" for row in rows),
        "bytes_in": sum(row.bytes_in for row in rows),
        "bytes_out": 0,
        "returned": sum(row.returned for row in rows),
        "people": len({row.subject for row in rows}),
        "sessions": len({row.session for row in rows} - {""}),
        "first_us": min(row.time for row in rows),
        "last_us": max(row.time for row in rows),
        "findings": sum(len(row.findings) for row in rows),
    }


@pytest.mark.parametrize("by", [(), ("connector",), ("connector", "group"), ("group", "rule")])
@pytest.mark.parametrize("buckets", [None, Buckets(since_us=START_US, step_us=STEP_US)])
def test_every_group_has_the_measures_of_its_calls(half: Index, by: tuple[str, ...], buckets: Buckets | None) -> None:
    """Also where a call has several values of a field, or none, and where some of its calls wait."""
    columns = {"connector": "connector", "group": "groups", "rule": "rules"}
    groups: dict[tuple[tuple[str, ...], int | None], list[FullRow]] = {}
    for row in ROWS:
        keys: list[tuple[str, ...]] = [()]
        for field in by:
            value = getattr(row, columns[field])
            keys = [(*key, item) for key in keys for item in (value if isinstance(value, tuple) else (value,))]
        for key in keys:
            groups.setdefault((key, (row.time - START_US) // STEP_US if buckets else None), []).append(row)
    found = table(half, parse(""), by, ("count", *PLAIN[1:], "people"), buckets=buckets, limit=5000)
    assert {(group.keys, group.bucket): group.values for group in found} == {key: _measured(rows) for key, rows in groups.items()}
    assert [group.values["count"] for group in found] == sorted((group.values["count"] for group in found), reverse=True)


def test_what_a_rule_decided_is_counted_apart_from_what_it_matched(half: Index) -> None:
    """Of groups by rule: the calls that have it first, stored or waiting; groups by anything else have no such measure."""
    groups = {group.keys[0]: group.values for group in table(half, parse(""), ("rule",), ("count", "decided"), limit=5000)}
    for rule, values in groups.items():
        held = [row for row in ROWS if rule in row.rules]
        assert values == {"count": len(held), "decided": sum(row.rules[0] == rule for row in held)}
    assert 0 < sum(values["decided"] for values in groups.values()) < sum(values["count"] for values in groups.values())
    for by in ((), ("connector",), ("rule", "group"), ("group", "rule")):
        with pytest.raises(ValueError, match="groups by rule alone"):
            table(half, parse(""), by, ("count", "decided"))


def test_percentiles_are_near_those_of_the_stored_calls(half: Index) -> None:
    """Waiting calls have no part in them."""
    (group,) = table(half, parse(""), (), ("p50_us", "p95_us"))
    cuts = statistics.quantiles([row.duration_us for row in ROWS[:200]], n=20)
    assert group.values["p50_us"] == pytest.approx(cuts[9], rel=0.05)
    assert group.values["p95_us"] == pytest.approx(cuts[18], rel=0.05)


def test_only_so_many_groups_are_returned(half: Index) -> None:
    """The largest, with what waits counted."""
    found = table(half, parse(""), ("tool",), ("count",), limit=3)
    every = table(half, parse(""), ("tool",), ("count",))
    assert found == every[:3] and len(every) == 12


def test_nothing_that_matches_is_no_group(half: Index) -> None:
    """By a field; without one there is a single group of nothing."""
    assert table(half, parse("tool:none"), ("tool",), ("count",)) == []
    assert [group.values for group in table(half, parse("tool:none"), (), ("count", "p50_us"))] == [{"count": 0, "p50_us": 0}]


def test_unknown_fields_and_measures_are_refused(half: Index) -> None:
    """Before the engine hears of them."""
    with pytest.raises(KeyError):
        table(half, parse(""), ("nofield",), ("count",))
    with pytest.raises(KeyError):
        table(half, parse(""), (), ("nomeasure",))
