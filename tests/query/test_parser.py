"""Text to tree, and what people are told when it is no query."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.query import FIELDS, QueryError, parse
from gatebook.query.parser import DEPTH_MAX
from gatebook.query.tree import (
    Ago,
    And,
    ArgCompare,
    ArgExists,
    ArgPattern,
    ArgSpan,
    Compare,
    Day,
    Everything,
    Exists,
    Node,
    Not,
    Or,
    Pattern,
    Span,
    Substring,
    WordPattern,
    WordPrefix,
    Words,
)


def tree(text: str) -> Node:
    return parse(text).tree


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Everything()),
        ("  ", Everything()),
        ("*", Everything()),
        ("invoice", Words("text", "invoice")),
        ('"Two Words"', Words("text", "two words")),
        ("inv*", WordPrefix("text", "inv")),
        ("*voic*", Substring("text", "voic")),
        ("arguments:Invoice", Words("arguments", "invoice")),
        ("connector:GitHub", Compare("connector", "eq", "github")),
        ("ip:FE80", Compare("ip", "eq", "FE80")),
        ("person:ann*", Pattern("person", "ann*")),
        ('person:"ann*"', Compare("person", "eq", "ann*")),
        ("session:*", Exists("session")),
        ("duration:>2s", Compare("duration", "gt", 2_000_000)),
        ("duration:=1.5ms", Compare("duration", "eq", 1500)),
        ("bytes_out:>=10k", Compare("bytes_out", "ge", 10_000)),
        ("rpc_code:-32602", Compare("rpc_code", "eq", -32602)),
        ("http_status:400..500", Span("http_status", 400, 500)),
        ("http_status:400..", Span("http_status", 400, None)),
        ("is_error:yes", Compare("is_error", "eq", True)),
        ("status:(ok, blocked)", Or((Compare("status", "eq", "ok"), Compare("status", "eq", "blocked")))),
        ("a b", And((Words("text", "a"), Words("text", "b")))),
        ("a AND b", And((Words("text", "a"), Words("text", "b")))),
        ("a OR b c", Or((Words("text", "a"), And((Words("text", "b"), Words("text", "c")))))),
        ("(a OR b) c", And((Or((Words("text", "a"), Words("text", "b"))), Words("text", "c")))),
        ("-status:ok", Not(Compare("status", "eq", "ok"))),
        ("NOT a", Not(Words("text", "a"))),
        ("-(a b)", Not(And((Words("text", "a"), Words("text", "b"))))),
        ("ORDER", Words("text", "order")),
        ("*oice", WordPattern("text", "*oice")),
        ("in*ice", WordPattern("text", "in*ice")),
        ("response:*a*b**c", WordPattern("response", "*a*b*c")),
        ("tool:a**b", Pattern("tool", "a*b")),
        ("tool:**", Exists("tool")),
        ("args.limit:100", ArgCompare("limit", "eq", "100")),
        ("args.limit:>100", ArgCompare("limit", "gt", 100.0)),
        ("args.limit:>=1.5k", ArgCompare("limit", "ge", 1500.0)),
        ("args.limit:10..20", ArgSpan("limit", 10.0, 20.0)),
        ("args.limit:..2M", ArgSpan("limit", None, 2_000_000.0)),
        ("args.limit:-5..", ArgSpan("limit", -5.0, None)),
        ("args.path:a..b", ArgCompare("path", "eq", "a..b")),
        ("args.path:../x", ArgCompare("path", "eq", "../x")),
        ("ARGS.Customer.Name:*LEE", ArgPattern("customer.name", "*lee")),
        ('args.q:"A *b*"', ArgCompare("q", "eq", "a *b*")),
        ('args."odd key"."x.y".z:1', ArgCompare("odd key.x.y.z", "eq", "1")),
        ('args."a\\"b":1', ArgCompare('a"b', "eq", "1")),
        ('args."":1', ArgCompare("", "eq", "1")),
        ("args.limit:*", ArgExists("limit")),
        ("args.s:(a, >3)", Or((ArgCompare("s", "eq", "a"), ArgCompare("s", "gt", 3.0)))),
        ("-args.s:a", Not(ArgCompare("s", "eq", "a"))),
        ("finding:(iban,email)", Or((Compare("finding", "eq", "iban"), Compare("finding", "eq", "email")))),
        ("api_status:5..", Span("api_status", 5, None)),
        ("severity:HIGH", Compare("severity", "eq", "high")),
        ("time:-1h", Compare("time", "ge", Ago(3_600_000_000))),
        ("time:now-15m..now", Span("time", Ago(900_000_000), Ago(0))),
        ("time:yesterday", Span("time", Day(1), Day(0))),
        ("time:>yesterday", Compare("time", "ge", Day(0))),
        ("time:<=Today", Compare("time", "lt", Day(-1))),
        ("since:yesterday until:today", And((Compare("time", "ge", Day(1)), Compare("time", "lt", Day(0))))),
        ("a\0b", And((Words("text", "a"), Words("text", "b")))),
    ],
)
def test_a_text_means_its_tree(text: str, expected: Node) -> None:
    """Each form of the language."""
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "nearest"),
    [
        ("conector:github", 0, "connector"),
        ("a b statsu:ok", 4, "status"),
        ("status:okay", 7, "ok"),
        ("http://host/path", 0, "http_status"),
        ("user:ann", 0, "person"),
        ("a host:x", 2, "server"),
        ("args:x", 0, "args."),
        ("args.:x", 0, None),
        ("args.a..b:x", 0, None),
        ('args."a:x', 0, None),
        ('a args."b" c', 2, None),
        ("args./x:1", 0, None),
        (f"args.{'x' * 201}:1", 0, None),
        ("args.limit:>many", 12, None),
        ("args.limit:>10x", 12, None),
        ("args.limit:>", 12, None),
        ("args.limit:", 11, None),
        ("time:..", 5, None),
        ("time:2026-13", 5, None),
        ("time:2026-11-01T09:30+99:00", 5, None),
        ("since:tomorrow", 6, None),
        ("*a-b", 0, None),
        ("duration:2", 9, None),
        ("duration:>", 10, None),
        ("connector:", 10, None),
        ("connector:>x", 10, None),
        ("(a", 0, None),
        ("a)", 1, None),
        ("()", 1, None),
        ("a OR", 4, None),
        ("AND a", 0, None),
        ("a OR AND b", 5, None),
        ('say "hello', 4, None),
        ("status:(ok", 7, None),
        ("status:(ok blocked)", 11, None),
        ("status:()", 8, None),
        ("a*b-c", 0, None),
        ("call:123", 5, None),
        ("time:tuesday", 5, None),
        ("time:2026-02-30", 5, None),
        ("is_error:maybe", 9, None),
        ("bytes_in:99999999999999999g", 9, None),
        ("x" * 10_001, 10_000, None),
        ("(" * 60 + "a" + ")" * 60, 50, None),
        ("NOT " * 60 + "a", 199, None),
        ("a " * 400, 600, None),
        ("status:(" + "ok," * 400 + "ok)", 905, None),
        ("tool:" + "a*" * 30, 5, None),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, position: int, nearest: str | None) -> None:
    """The error points at the character, says what was expected there, and names the nearest valid name where there is one."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert (caught.value.position, caught.value.nearest) == (position, nearest)
    assert caught.value.expected and str(position + 1) in str(caught.value)


def test_brackets_hold_at_the_allowed_depth() -> None:
    """Forty levels are within the limit, and mean the same as none."""
    assert tree("(" * 40 + "a" + ")" * 40) == Words("text", "a")


_pieces = st.sampled_from(
    [
        *(f"{name}:" for name in FIELDS),
        "since:",
        "args.",
        "x.y:",
        "today",
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        '"',
        "\\",
        "-",
        "*",
        ",",
        "..",
        ">",
        "=",
        " ",
        "a",
        "é",
        "\ud800",
        "\0",
        "5ms",
    ]
)


@given(st.lists(_pieces, max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    """Nothing that can be typed raises another error, and positions lie within the text."""
    try:
        parse(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200 + "a" + ")" * 200,
        "-" * 9_999 + "a",
        "NOT " * 2_499 + "a",
        "(" * 10_000,
        '"' * 10_000,
        '"' + "\\" * 9_999,
        "args." * 2_000,
        'args."' * 1_666,
        'args."a' + "\\" * 9_993,
        "args.a" + ".a" * 4_990 + ":1",
        "tool:(" + "," * 9_990,
        "tool:" + "a*" * 4_997,
        "*a" * 5_000,
        "x" * 9_999 + ":",
        "time:" + "1" * 9_995,
        "args.a:>" + "9" * 9_990,
        "duration:" + "." * 9_991,
        "\0" * 10_000,
        "\ud800" * 10_000,
        "\\N\t\n" * 2_500,
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_the_longest_texts_are_answered_soon(text: str) -> None:
    """Deep, long, unclosed: a query or a refusal, in a fraction of a second of work."""
    began = time.process_time()
    with contextlib.suppress(QueryError):
        parse(text)
    assert time.process_time() - began < 1


def test_two_hundred_levels_are_refused_by_their_number() -> None:
    """The limit is named, and where it was passed."""
    with pytest.raises(QueryError) as caught:
        parse("(" * 200 + "a" + ")" * 200)
    assert caught.value.position == DEPTH_MAX and str(DEPTH_MAX) in caught.value.expected
