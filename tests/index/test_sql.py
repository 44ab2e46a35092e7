"""The SQL compiler means the same as `gatebook.query.matches`, and lets nothing of a query become SQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.index import FullRow, Index
from gatebook.index.sql import Compiler
from gatebook.query import FIELDS, Query, QueryError, matches, parse, resolve
from gatebook.query.tree import And, Compare, Not, Or, Words
from tests.index.conftest import full_row

NASTY = [
    "\\N",
    "a\tb",
    "a\nb",
    "it's",
    'say "x"',
    "100%",
    "under_score",
    "back\\slash",
    "') OR 1=1 --",
    "{p0:String}",
    "é",
    "É",
    "İ",
    "straße",
    "*",
    "x\0y",
]
WORDS = ["alpha", "beta", "ALPHA", "al", "alphabet", "gamma_ray", "zürich", "c:\\temp", "50%", "it's", "第七艦隊", "x1"]


def _rows() -> list[FullRow]:
    made = []
    for number in range(160):
        pick, word = NASTY[number % len(NASTY)], WORDS[number % len(WORDS)]
        made.append(
            full_row(
                number,
                person=["ann", "Bob", "", pick][number % 4],
                email=["ann@corp.example", "BOB@corp.example", "", f"{pick}@x"][number % 4],
                name=["Ann Lee", "Bob", "", pick][number % 4],
                groups=((), ("eng",), ("eng", "Ops"), (pick,))[number % 4],
                connector=["crm", "GitHub", pick][number % 3],
                tool=pick if number % 5 else "",
                session=["s1", "S1", pick, ""][number % 4],
                status=["ok", "blocked", "tool_error", "timeout"][number % 4],
                effect=["allowed", "blocked", ""][number % 3],
                rules=((), ("r1",), ("r1", "r2"))[number % 3],
                http_status=[0, 200, 404, 500][number % 4],
                rpc_code=[0, -32602, 7][number % 3],
                is_error=number % 7 == 0,
                error_class=["", "policy", "timeout"][number % 3],
                duration_us=number * 1000,
                bytes_in=number * 100,
                finished=0 if number % 9 == 0 else 1_793_000_000_000_000 + number * 1_000_000,
                arguments="" if number % 6 == 0 else f'{{"q":"{word.lower()} and {WORDS[(number * 7) % len(WORDS)].lower()}"}}',
                response="" if number % 8 == 0 else f"{WORDS[(number * 5) % len(WORDS)].lower()}, then {pick.lower()}".replace("\0", " "),
            )
        )
    return made


ROWS = _rows()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path: Path = tmp_path_factory.mktemp("sql")
    index = Index.open(path / "index")
    index.insert(ROWS)
    yield index
    index.close()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_values = st.sampled_from([*NASTY, *WORDS, "ann", "eng", "crm", "s1", "r1", "200"]) | st.text(max_size=6)
_numbers = st.sampled_from(["0", "1", "200", "404", "-32602", "50", "5000", "9999999"])
_times = st.integers(0, 170).map(lambda second: f"2026-10-26T06:{(43 + (20 + second) // 60) % 60:02d}:{(20 + second) % 60:02d}Z")
_wild = st.lists(st.sampled_from(["a", "b", "@", "corp", "\\", "%", "_", "'", "é", "N"]), max_size=3).map("".join)


def _condition(name: str) -> st.SearchStrategy[str]:
    field = FIELDS[name]
    if field.choices:
        return st.sampled_from([*field.choices, "*"]).map(lambda value: f"{name}:{value}")
    match field.kind:
        case "text":
            return _values.map(lambda value: f"{name}:{_quoted(value)}") | st.sampled_from(
                [f"{name}:alph*", f"{name}:*lph*", f"{name}:*", f"{name}:*%*"]
            )
        case "word" | "id":
            wild = st.tuples(_wild, _wild).map(lambda ends: f"{name}:{ends[0]}*{ends[1]}")
            return _values.map(lambda value: f"{name}:{_quoted(value)}") | wild.filter(lambda text: '"' not in text)
        case "flag":
            return st.sampled_from([f"{name}:true", f"{name}:false"])
        case "uuid":
            return st.sampled_from([row.call_id for row in ROWS[:5]]).map(lambda value: f"{name}:{value}")
    unit = "ms" if field.kind == "duration" else ""
    value = _times if field.kind == "time" else _numbers.map(lambda number: number + unit)
    compared = st.tuples(st.sampled_from(["", ">", ">=", "<", "<=", "="]), value).map(lambda pair: f"{name}:{pair[0]}{pair[1]}")
    ranged = st.tuples(value, value).map(lambda ends: f"{name}:{ends[0]}..{ends[1]}")
    return compared | ranged | value.map(lambda low: f"{name}:{low}..") | st.just(f"{name}:*")


_leaf = st.sampled_from(sorted(FIELDS)).flatmap(_condition) | _values.map(_quoted)
_query = st.recursive(
    _leaf,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" ", " AND ", " OR "]), inner).map(lambda parts: f"({parts[0]}{parts[1]}{parts[2]})")
        | inner.map(lambda one: f"NOT {one}")
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=80)
@given(st.lists(_query, min_size=30, max_size=30))
def test_the_engine_and_python_agree(stored: Index, texts: list[str]) -> None:
    """Thousands of generated queries give the same rows by SQL and by `matches`."""
    queries: list[Query] = []
    for text in texts:
        try:
            queries.append(resolve(parse(text), 0))
        except QueryError:
            continue
    compiler = Compiler(stored.database)
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
        text for text in ("person:ann", "alpha", "duration:>50ms", "rule:r1", "NOT zürich", "tool:*") if 0 < stored.count(text) < len(ROWS)
    ]
    assert len(some) == 6


@pytest.mark.parametrize("text", NASTY)
def test_what_people_write_is_only_ever_a_value(text: str) -> None:
    """No piece of a query stands in the SQL; all of it is in the parameters."""
    marker = f"marker{text}marker"
    tree = And((Compare("tool", "eq", marker), Or((Words("text", marker), Not(Compare("session", "eq", marker))))))
    condition = Compiler("g1").compile(tree)
    assert "marker" not in condition.sql
    assert set(condition.params.values()) == {marker}


def test_words_beside_each_other_share_one_look_into_payloads() -> None:
    """Each sub-query over payloads costs a look into the text index."""
    assert Compiler("g1").compile(parse("a b status:ok (c OR d)").tree).sql.count("SELECT") == 1
    assert Compiler("g1").compile(parse("a -b").tree).sql.count("SELECT") == 2


def test_relative_times_must_be_resolved() -> None:
    """A compiler without a clock refuses them."""
    with pytest.raises(ValueError, match="resolved"):
        Compiler("g1").compile(parse("since:-1h").tree)
