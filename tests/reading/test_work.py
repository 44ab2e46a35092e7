"""What the engine does for a question depends on nothing that is hidden, so that neither its time nor a time-out tells of it. Counted, not timed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.identity.access import Access
from gatebook.identity.roles import union
from gatebook.index import Index, counts
from gatebook.query import Query, QueryError, parse, resolve
from gatebook.query.fields import FIELDS
from gatebook.reading.pacing import is_paced
from gatebook.reading.showing import where_shown
from gatebook.state.roles import BUILT_IN, RoleSpec
from tests.reading.twins import attempts, call_of, rows
from tests.reading.work import counted

SUBJECTS = ["me", "below", "lower", *(f"other{number}" for number in range(5))]
DESK = RoleSpec(grants={"metadata": "team", "arguments": "team", "upstream": "own"}, fields={"tool": "all", "duration": "all"})
ROLES: dict[str, RoleSpec | None] = {**{name: BUILT_IN[name] for name in ("it_support", "team_lead", "auditor", "admin")}, "employee": None, "desk": DESK}  # fmt: skip
SHARE = int(os.environ.get("GATEBOOK_TWINS_SHARE", "12"))
"""One in so many of the generated queries is asked for each role."""
_COUNT = 6000
"""Several granules of either table, so that an index of the engine can leave some out."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index that the tests fill."""
    path: Path = tmp_path_factory.mktemp("work")
    index = Index.open(path / "index")
    yield index
    index.close()


def access_of(name: str) -> Access:
    """What somebody with one role sees, who has two people below them."""
    role = ROLES[name]
    shown = union([BUILT_IN["employee"], *([role] if role else [])])
    return Access(roles=(name,), shown=shown, own="me", team=frozenset({"below", "lower"}))


def filled(index: Index, access: Access, book: str) -> None:
    """One of the books, each table in one part, so that what is read depends on values alone."""
    new = index.successor()
    index.switch(new.generation)
    index.insert(rows(access, SUBJECTS, book, _COUNT))
    for table in ("calls", "payloads"):
        index.engine.run(f"OPTIMIZE TABLE {index.database}.{table} FINAL")


def questions(access: Access, turn: int) -> Iterator[tuple[str, Query]]:
    """Queries of the generated attempts, as they are asked within the access."""
    seen = set()
    for path, params in attempts(access, SHARE, turn):
        text = params.get("q", "")
        if path == "/api/v1/calls" and text not in seen:
            seen.add(text)
            try:
                yield text, access.confined(resolve(parse(text), 0))
            except QueryError:
                continue


def worked(index: Index, access: Access, turn: int) -> dict[str, list[int]]:
    """Rows that each statement read, by question: pages and counts, values of each field, and calls by id."""
    found: dict[str, list[int]] = {}
    for text, query in questions(access, turn):
        if not is_paced(query):
            with counted(index.engine) as work:
                index.search(query, limit=20, count=True)
            found[f"search {text}"] = sorted(work)
    everything = access.confined(Query("", parse("").tree))
    for name in FIELDS:
        if FIELDS[name].kind not in ("text", "time") and access.shows(name):
            asked = where_shown(access, everything, name)
            for part in ("", "left"):
                with counted(index.engine) as work:
                    counts.top(index, asked, name, 10, contains=part)
                found[f"values {name} {part}"] = sorted(work)
    return found


@pytest.mark.parametrize("name", ROLES)
def test_as_much_is_read_whatever_is_hidden(index: Index, name: str) -> None:
    """As many statements and rows in two books that differ in hidden values, for filters in all forms, pages, counts and values of fields."""
    access, turn = access_of(name), list(ROLES).index(name)
    filled(index, access, "left")
    left = worked(index, access, turn)
    filled(index, access, "right")
    right = worked(index, access, turn)
    assert left.keys() == right.keys() and len(left) > 40
    assert {asked: (work, right[asked]) for asked, work in left.items() if work != right[asked]} == {}
    assert sum(sum(work) for work in left.values()) > 40 * _COUNT


def test_the_count_can_tell(index: Index) -> None:
    """For who sees everything, a value that is in every call and one that is in none differ in work."""
    filled(index, access_of("employee"), "left")
    found = []
    for text in ("person:leftperso1", "person:nobody"):
        with counted(index.engine) as work:
            index.count(text)
        found.append(sorted(work))
    assert found[0] != found[1]


def test_a_call_that_is_hidden_is_looked_for_like_one_that_is_not_there(index: Index) -> None:
    """By its id alone, and by a query that names it."""
    access = access_of("employee")
    filled(index, access, "left")
    looked, asked = [], []
    for id in (call_of(5), call_of(_COUNT + 5)):
        with counted(index.engine) as work:
            assert index.call(id, access.whole) is None
        looked.append(sorted(work))
        with counted(index.engine) as work:
            assert index.search(access.confined(parse(f"call:{id}"))).rows == []
        asked.append(sorted(work))
    assert looked[0] == looked[1] and asked[0] == asked[1] and sum(looked[0]) >= _COUNT
    own = index.call(call_of(0), access.whole)
    assert own is not None and own.subject == "me"


def test_hidden_payloads_are_never_collected(index: Index) -> None:
    """Words beside another condition are looked for in calls that are shown: how many others hold them is nothing that memory could run out of."""
    access = access_of("employee")
    filled(index, access, "left")
    found = index.store(index.snapshot()).where(access.confined(parse("status:ok OR left")).tree, index.snapshot())
    inner = found.sql.partition("SELECT time, call_id")[2]
    assert inner.count("(SELECT") == 0 and "subject = " in inner and found.sql.index("SELECT") > 0


def test_a_reader_who_sees_everything_pays_nothing(index: Index) -> None:
    """The statement for them is, letter by letter, what it is without roles."""
    whole = Access(roles=("security_analyst",), shown=union([BUILT_IN["security_analyst"], BUILT_IN["employee"]]), own="me")
    assert whole.is_whole
    filled(index, access_of("employee"), "left")
    store, at = index.store(index.snapshot()), index.snapshot()
    for text in ("", "person:ann connector:crm", "left -args.limit:>3", "status:ok OR (left person:a*)", f"call:{call_of(3)}"):
        query = resolve(parse(text), 0)
        assert whole.confined(query) is query and not is_paced(query)
        assert store.lookup(whole.confined(query).tree, at).condition == store.lookup(query.tree, at).condition
