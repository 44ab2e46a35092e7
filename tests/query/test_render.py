"""Tree to text and back."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gatebook.query import Query, QueryError, matches, parse, resolve
from gatebook.query.parser import LENGTH_MAX
from gatebook.query.render import argument, render
from gatebook.query.tree import Compare, Span
from tests.index.generated import QUERIES, ROWS


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", ""),
        ("invoice", "invoice"),
        ('"Two words" -x', '"two words" -x'),
        ("Connector:GitHub AND NOT (a OR b)", "connector:github -(a OR b)"),
        ("status:(ok,blocked) tool:x", "status:(ok, blocked) tool:x"),
        ("-(status:ok OR status:open)", "-status:(ok, open)"),
        ("duration:>2000ms bytes_out:>=10000", "duration:>2s bytes_out:>=10k"),
        ("time:2026-11-01", "time:2026-11-01"),
        ("time:2026-11", "time:2026-11"),
        ("time:2026-11-01T09:30..2026-11-01T10:00:00.5", "time:2026-11-01T09:30Z..2026-11-01T10:00:00.5Z"),
        ("time:>2026-11-01", "time:>=2026-11-02"),
        ("since:-90m until:now", "time:>=-90m time:<now"),
        ("time:yesterday", "time:yesterday"),
        ("time:>today", "time:>today"),
        ("time:>9999-12-31", "time:>9999-12-31"),
        ("args.Limit:>1k args.\"odd key\":x", 'args.limit:>1000 args."odd key":x'),
        ("args.limit:10..20", "args.limit:10..20"),
        ("a (b c) d", "a (b c) d"),
        ("NOT NOT a", "--a"),
        ("tool:=<x*", "tool:=<x*"),
    ],
)  # fmt: skip
def test_a_query_is_written_as_people_would(text: str, rendered: str) -> None:
    """Short, in lower case, with lists where alternatives are of one field."""
    assert render(parse(text).tree) == rendered


_odd = st.sampled_from(
    [
        "time:0001-01-01", "time:9999-12-31T23:59:59.999999", "time:<=9999-12-31", "since:-999999w", "time:-999999d..-1us", "tool:==a*", "tool:(a*,=>b*)",
        "a OR (b OR c) OR d", "((a b) c) -(d)", "--a", "* a", "text:(*, a)", "-*", "arguments:*a:b,c*", "arguments:(*a*, b)", 'a:b"c', 'tool:"=x"', "tool:=*",
        "args.x:=*", 'args."":1', 'args."a.b".c:"2..3"', "args.x:1e22..", "args.x:<-0", "args.x:>0.30000000000000004", "duration:<1w", "bytes_in:-5k",
        "time:2026-11-01T09:30:15.120", "time:<2026-11-01T00:00:00.000001", "finished:(2026-11-01, >now)", "message:x", "ip:a,b*", "call:01A20000-0000-7000-8000-000000000000",
    ]
)  # fmt: skip
_pieces = st.lists(
    st.sampled_from(
        [
            "tool:", "status:", "args.a:", "time:", "bytes_in:", "(", ")", '"', "\\", "-", "*", ",", "..", ">", "=", " ", "a", "é", "\ud800", "\0", "5",
            " OR ", "NOT ", "ok", "today", "-1h", "arguments:", "\u3000", "İ",
        ]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@settings(max_examples=1000)
@given(QUERIES | _odd | _pieces | st.tuples(_odd, _pieces).map(" ".join) | st.tuples(QUERIES, _odd).map("({0[0]}) OR {0[1]}".format))
def test_what_is_rendered_parses_to_an_equal_tree(text: str) -> None:
    """For every query there is."""
    try:
        tree = parse(text).tree
    except QueryError:
        assume(False)
        return
    rendered = render(tree)
    assert len(rendered) > LENGTH_MAX or parse(rendered).tree == tree, rendered


@given(QUERIES)
def test_a_resolved_query_keeps_its_meaning(text: str) -> None:
    """A share link holds absolute times; its text matches the same calls."""
    try:
        query = resolve(parse(text), ROWS[100].time)
    except QueryError:
        assume(False)
        return
    again = parse(render(query.tree))
    assert [matches(query, row) for row in ROWS[::4]] == [matches(again, row) for row in ROWS[::4]]


def test_times_beyond_the_calendar_are_written_at_its_end() -> None:
    """A tree that somebody else made may hold any number."""
    for tree in (
        Compare("time", "ge", 2**62),
        Compare("time", "lt", -(2**62)),
        Span("time", -(2**62), 2**62),
        Compare("time", "eq", 5),
        Compare("time", "le", 7),
    ):
        parse(render(tree))
    row = ROWS[0]
    assert matches(Query("", parse(render(Compare("time", "le", row.time))).tree), row)
    assert not matches(Query("", parse(render(Compare("time", "gt", row.time))).tree), row)


def test_a_path_is_written_with_quotation_marks_where_it_needs_them() -> None:
    """Names of letters and digits are bare."""
    assert argument('customer.odd key.a"b') == 'args.customer."odd key"."a\\"b"'
