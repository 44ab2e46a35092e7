"""Counts are those of the rows, stored and waiting, at one snapshot."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.index import FullRow, Index
from gatebook.index.counts import extent, facets, over_time, top
from gatebook.query import matches, parse, resolve
from tests.index.conftest import full_row

FIELDS = ("connector", "tool", "person", "status", "group", "rule", "http_status", "is_error", "call")
STEP_US = 20_000_000
START_US = 1_793_000_000_000_000


def rows(count: int = 300) -> list[FullRow]:
    """Calls whose values repeat, with ties and with none."""
    dice = random.Random(5)
    people = [("ann", "ann@corp.example", "Ann Lee"), ("bob", "bob@corp.example", ""), ("", "", ""), ("eve", "Eve@Corp.example", "Eve")]
    made = []
    for at in range(count):
        person, email, name = dice.choice(people)
        made.append(
            full_row(
                at,
                person=person,
                email=email,
                name=name,
                subject=f"s-{person}",
                session=dice.choice(["", "s1", "s2", f"s{at}"]),
                connector=dice.choice(["crm", "GitHub", "it's\\", "github"]),
                tool=f"t{dice.randrange(12)}",
                status=dice.choice(["ok", "ok", "blocked", "tool_error", "timeout"]),
                effect=dice.choice(["allowed", "redacted"]),
                groups=dice.choice([(), ("eng",), ("eng", "Ops")]),
                rules=dice.choice([(), ("r1",), ("r1", "r2")]),
                findings=dice.choice([(), ("iban",), ("iban", "e-mail")]),
                http_status=dice.choice([0, 200, 404]),
                is_error=dice.random() < 0.3,
                duration_us=dice.randrange(1, 10**6),
                bytes_in=dice.randrange(1000),
                returned=dice.randrange(50),
            )
        )
    return made


ROWS = rows()


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Most calls are stored, others wait, some were stored after the snapshot was published."""
    path: Path = tmp_path_factory.mktemp("counts")
    index = Index.open(path / "index")
    index.insert(ROWS[:120])
    index.insert(ROWS[120:200])
    index.set_waiting({row.call_id: row for row in ROWS[200:]}, {"n-w0": 7})
    index.insert_payloads([full_row(at) for at in range(900, 950)])
    index.insert_calls([full_row(at) for at in range(900, 950)])
    yield index
    index.close()


@pytest.mark.parametrize("text", ["", "status:ok", "person:ann OR tool:t3", "NOT connector:github", "tool:none"])
def test_facets_count_every_call_once(half: Index, text: str) -> None:
    """Field by field, with the most frequent first, and the same one by one."""
    query = resolve(parse(text), 0)
    found = facets(half, query, FIELDS, 5)
    for field in FIELDS:
        counts = Counter(value for row in ROWS if matches(query, row) for value in _held(row, field))
        best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]
        assert [(count.value, count.count) for count in found[field]] == best
        assert found[field] == top(half, query, field, 5)


def _held(row: FullRow, field: str) -> list[str]:
    columns = {"group": "groups", "rule": "rules", "call": "call_id"}
    value = getattr(row, columns.get(field, field))
    return list(value) if isinstance(value, tuple) else [str(value).lower() if isinstance(value, bool) else str(value)]


def test_people_are_shown_by_name(half: Index) -> None:
    """Or by address where there is none, and are found by either."""
    labels = {count.value: count.label for count in top(half, parse(""), "person", 5)}
    assert labels == {"ann": "Ann Lee", "bob": "bob@corp.example", "": "", "eve": "Eve"}
    assert [count.value for count in top(half, parse(""), "person", 5, contains="LEE")] == ["ann"]
    assert {count.value for count in top(half, parse(""), "person", 5, contains="corp.EXAMPLE")} == {"ann", "bob", "eve"}


def test_values_are_found_by_a_part(half: Index) -> None:
    """Without regard to case, also in fields with several values and with characters that mean something elsewhere."""
    assert {count.value for count in top(half, parse(""), "connector", 9, contains="GIT")} == {"GitHub", "github"}
    assert [count.value for count in top(half, parse(""), "connector", 9, contains="'s\\")] == ["it's\\"]
    assert [count.value for count in top(half, parse(""), "group", 9, contains="op")] == ["Ops"]
    assert top(half, parse(""), "group", 9, contains="*") == []


@pytest.mark.parametrize("by", ["outcome", "connector", "group", "tool"])
def test_calls_over_time_add_up(half: Index, by: str) -> None:
    """In every bucket, those before the first included."""
    query = resolve(parse("NOT tool:t1"), 0)
    since = START_US + 50_000_000
    named = {count.value for count in top(half, query, by, 6)} if by != "outcome" else set()
    expected: dict[int, Counter[str]] = {}
    for row in ROWS:
        if matches(query, row):
            if by == "outcome":
                values = ["redacted" if row.effect == "redacted" and row.status == "ok" else row.status]
            else:
                values = [value if value in named else "" for value in _held(row, by)]
            expected.setdefault((row.time - since) // STEP_US, Counter()).update(values)
    found = over_time(half, query, since, STEP_US, by=by)
    assert {bucket: dict(counts) for bucket, counts in found.items()} == {
        bucket: dict(counts) for bucket, counts in expected.items() if counts
    }


def test_the_extent_is_that_of_what_matches(half: Index) -> None:
    """None when nothing does."""
    assert extent(half, parse("")) == (ROWS[0].time, ROWS[-1].time)
    assert extent(half, parse("tool:none")) is None


def test_what_cannot_be_counted_is_refused(half: Index) -> None:
    """Fields that do not exist, and words of payloads."""
    with pytest.raises(KeyError):
        top(half, parse(""), "nofield", 5)
    with pytest.raises(ValueError, match="no values that can be counted"):
        facets(half, parse(""), ("text",), 5)
