"""The SQL compiler means the same as `gatebook.query.matches`, and lets nothing of a query become SQL."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.index import Index
from gatebook.index.sql import Compiler, order_of
from gatebook.query import Query, QueryError, matches, parse, resolve
from gatebook.query.tree import And, ArgCompare, ArgExists, ArgPattern, Compare, Not, Or, Substring, WordPattern, Words
from tests.index.generated import NASTY, QUERIES, ROWS

NOW_US = ROWS[100].time
PER_STATEMENT = 40


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path: Path = tmp_path_factory.mktemp("sql")
    index = Index.open(path / "index")
    index.insert(ROWS)
    yield index
    index.close()


@pytest.mark.timeout(600)
@settings(max_examples=115)
@given(st.lists(QUERIES, min_size=PER_STATEMENT, max_size=PER_STATEMENT), st.booleans())
def test_the_engine_and_python_agree(stored: Index, texts: list[str], listed: bool) -> None:
    """Four thousand generated queries give the same rows by SQL and by `matches`, with and without the list of stored words."""
    queries: list[Query] = []
    for text in texts:
        with contextlib.suppress(QueryError):
            queries.append(resolve(parse(text), NOW_US))
    compiler = Compiler(stored.database, vocabulary=stored.store(stored.snapshot()).vocabulary if listed else None)
    columns = [f"{compiler.compile(query.tree).sql} AS c{at}" for at, query in enumerate(queries)]
    if not columns:
        return
    params = compiler.compile(queries[0].tree).params
    found = {row["seq"]: row for row in stored.ask(f"SELECT started_seq AS seq, {', '.join(columns)} FROM {stored.database}.calls", params)}
    assert len(found) == len(ROWS)
    for at, query in enumerate(queries):
        by_sql = {seq for seq, row in found.items() if row[f"c{at}"]}
        assert by_sql == {row.started_seq for row in ROWS if matches(query, row)}, query.text


def test_most_fields_of_the_rows_tell_them_apart(stored: Index) -> None:
    """The comparison above would prove nothing if its queries matched always or never."""
    some = [
        text
        for text in (
            "person:ann",
            "alpha",
            "duration:>50ms",
            "rule:r1",
            "NOT zürich",
            "tool:*",
            "args.limit:>50",
            "*pha",
            "severity:low",
            "api_status:404",
        )
        if 0 < stored.count(text) < len(ROWS)
    ]
    assert len(some) == 10


@pytest.mark.parametrize("text", NASTY)
def test_what_people_write_is_only_ever_a_value(text: str) -> None:
    """No piece of a query stands in the SQL; all of it is in the parameters."""
    marker = f"marker{text}marker"
    arguments = And((ArgCompare(marker, "eq", marker), ArgPattern(marker, f"{marker}*"), ArgExists(marker), ArgCompare(marker, "gt", 5.0)))
    tree = And((Compare("tool", "eq", marker), Or((Words("text", marker), Not(Compare("session", "eq", marker)))), arguments))
    condition = Compiler("g1").compile(And((tree, WordPattern("text", f"{marker}*"), Substring("response", marker))))
    assert "marker" not in condition.sql
    assert len([value for value in condition.params.values() if "marker" in str(value)]) >= 8


def test_words_beside_each_other_share_one_look_into_payloads() -> None:
    """Each sub-query over payloads costs a look into the text index."""
    assert Compiler("g1").compile(parse("a b status:ok (c OR d)").tree).sql.count("SELECT") == 1
    assert Compiler("g1").compile(parse("a -b").tree).sql.count("SELECT") == 2
    assert Compiler("g1").compile(parse("a args.x:1 args.y:>2").tree).sql.count("SELECT") == 1


@pytest.mark.parametrize(("path", "named"), [("limit", True), ("order_id.no", True), ("größe", False), ('"a\\\\b"', False), ('""', False)])
def test_names_of_arguments_are_looked_up_where_they_are_surely_words(path: str, named: bool) -> None:
    """Names of ASCII stand in the text as they are; others might be folded or unescaped differently there."""
    assert ("hasAllTokens(arguments" in Compiler("g1").compile(parse(f"args.{path}:>5").tree).sql) is named


@pytest.mark.parametrize(
    "text",
    ["-args.limit:*", "-args.customer.name:alpha", "-alph*", "-args.limit:>50", "-(args.limit:* OR tool:nothing)", "-(args.limit:* alph*)"],
)
def test_a_call_without_payload_is_not_lost_by_a_negation(stored: Index, text: str) -> None:
    """What a call does not hold, it does not match; also when its payload was never kept."""
    bare = {row.call_id for row in ROWS if not row.args and not row.arguments and not row.response}
    found = {row.call_id for row in stored.search(text, limit=1000).rows}
    assert bare and bare <= found


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("person:ann", "by_who"),
        ("session:s1 -status:ok", "by_session"),
        ("(person:ann status:ok) connector:crm", "by_who"),
        ("person:a*", "any"),
        ("person:ann OR person:bob", ""),
        ("-person:ann", ""),
        ("person:ann alpha", ""),
        ("connector:crm", ""),
    ],
)
def test_calls_of_a_person_or_session_stand_together(text: str, order: str) -> None:
    """Where each call that can match is theirs; not beside words, which are asked for in another table."""
    assert order_of(parse(text).tree) == order


def test_relative_times_must_be_resolved() -> None:
    """A compiler without a clock refuses them."""
    with pytest.raises(ValueError, match="resolved"):
        Compiler("g1").compile(parse("since:-1h").tree)
