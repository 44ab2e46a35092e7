"""What could stand at the cursor."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatebook.query import FIELDS, QueryError, parse
from gatebook.query.complete import Completion, complete, quote
from gatebook.query.fields import BOUNDS
from gatebook.query.parser import DEPTH_MAX, LENGTH_MAX, TERMS_MAX

SAMPLES = {"number": "5", "size": "5k", "duration": "5ms", "time": "-1h", "flag": "true", "uuid": "01a20000-0000-7000-8000-000000000000"}


def at_cursor(text: str) -> Completion:
    """Complete where `|` stands."""
    return complete(text.replace("|", ""), text.index("|"))


def labels(found: Completion) -> list[str]:
    return [choice.label for choice in found.choices]


@pytest.mark.parametrize(
    ("text", "expects", "field", "prefix", "replaced"),
    [
        ("|", "field", None, "", ""),
        ("conn|", "field", None, "conn", "conn"),
        ("a -conn|", "field", None, "conn", "conn"),
        ("(conn|", "field", None, "conn", "conn"),
        ("conn|ector:github", "field", None, "conn", "connector:"),
        ("user:an|", "field", None, "user", "user:"),
        ("connector:|", "value", "connector", "", ""),
        ("connector:git|", "value", "connector", "git", "git"),
        ("connector:gi|thub tool:x", "value", "connector", "gi", "github"),
        ('connector:"my co|', "value", "connector", "my co", '"my co'),
        ('connector:"my co|nn"', "value", "connector", "my co", '"my conn"'),
        ('connector:"my co| tool:"x"', "value", "connector", "my co", '"my co'),
        ("connector:(a, gi|", "value", "connector", "gi", "gi"),
        ("connector:(gi|,b)", "value", "connector", "gi", "gi"),
        ("connector:(|", "value", "connector", "", ""),
        ("-CONNECTOR:x|", "value", "connector", "x", "x"),
        ("duration:|", "operator", "duration", "", ""),
        ("duration:>|", "value", "duration", "", ""),
        ("duration:>=25|", "value", "duration", "25", "25"),
        ("time:-1h..|", "value", "time", "", ""),
        ("since:|", "value", "time", "", ""),
        ("args.|", "field", "args", "", ""),
        ("args.cust|", "field", "args", "cust", "cust"),
        ("args.customer.na|me:x", "field", "args", "customer.na", "customer.name:"),
        ('args."odd k|', "field", "args", "odd k", '"odd k'),
        ("args.Limit:1|", "value", "args.limit", "1", "1"),
        ('args."odd key":|', "value", "args.odd key", "", ""),
        ("arguments:inv|", "nothing", "arguments", "inv", ""),
        ('"free te|', "nothing", None, "", ""),
        ('tool:"x"|', "nothing", None, "", ""),
        ("connector:(a b|", "nothing", None, "", ""),
    ],
)
def test_the_cursor_is_understood(text: str, expects: str, field: str | None, prefix: str, replaced: str) -> None:
    """What is wanted there, what has been typed of it, and what a choice replaces."""
    found = at_cursor(text)
    assert (found.expects, found.field, found.prefix) == (expects, field, prefix)
    assert text.replace("|", "")[found.start : found.end] == replaced


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("conn|", ["connector"]),
        ("cli|", ["client", "client_version"]),
        ("ag|", ["user_agent"]),
        ("sev|", ["severity"]),
        ("use|", ["user_agent", "person"]),
        ("user:x|", ["person"]),
        ("statsu:ok|", ["status"]),
        ("status:b|", ["blocked"]),
        ("status:(ok, err|", ["tool_error", "protocol_error", "upstream_error"]),
        ("severity:|", ["low", "medium", "high", "critical", "*"]),
        ("is_error:|", ["true", "false"]),
        ("duration:|", [">", ">=", "<", "<="]),
        ("duration:>25|", ["25ms", "25s", "25m", "25h"]),
        ("time:|", [">", ">=", "<", "<=", "-15m"]),
        ("since:y|", ["yesterday"]),
        ("args.limit:|", [">", ">=", "<", "<=", "*"]),
        ("tool:x O|", ["OR"]),
        ("tool:x AND N|", ["NOT"]),
    ],
)
def test_what_is_known_is_proposed_best_first(text: str, first: list[str]) -> None:
    """Fields by their beginning, then by a part, then by what other tools call them; closed sets; signs where there is an order."""
    assert labels(at_cursor(text))[: len(first)] == first


def test_every_field_is_proposed_with_what_it_is() -> None:
    """An empty bar shows all fields; each has its description."""
    found = complete("", 0)
    assert {*FIELDS, *BOUNDS, "args."} == set(labels(found))
    assert all(choice.hint for choice in found.choices)


def _finished(text: str, found: Completion, insert: str) -> str:
    """The text with a choice accepted at its end, and what a person would type to finish it."""
    text = text[: found.start] + insert
    if insert == "args.":
        text += "x:1"
    elif insert.endswith(":"):
        name = insert[:-1]
        choices = FIELDS[name].choices if name in FIELDS else ()
        text += "-1h" if name in BOUNDS else choices[0] if choices else SAMPLES.get(FIELDS[name].kind, "x")
    elif insert in (">", ">=", "<", "<="):
        text += "5" if found.field and found.field.startswith("args.") else SAMPLES[FIELDS[found.field or ""].kind]
    elif insert.endswith(" "):
        text += "x"
    return text + ")" * (text.count("(") - text.count(")"))


_terms = st.sampled_from(
    [
        "tool:x ",
        "a ",
        "-status:ok ",
        "(a OR b) ",
        "args.limit:>5 ",
        'person:"Ann Lee" ',
        "NOT ",
        "(",
        "since:-1h ",
        "a OR ",
        "time:-2h..-1h ",
        "-",
    ]
)
_begun = st.sampled_from(
    [
        *(f"{name}:" for name in [*FIELDS, *BOUNDS]), *(f"{name}:(" for name in FIELDS), *(name[:3] for name in FIELDS), "", "args.", "args.x:",
        "args.x:(1, ", "status:b", "status:(ok, b", 'status:"bl', "duration:5", "duration:>5", "bytes_in:(5", "time:to", "time:-1h..", "O", "N", "A",
        "user:", "usr", "finished:<", "http_status:>=", "since:t",
    ]
)  # fmt: skip


@given(st.lists(_terms, max_size=4).map("".join), _begun)
@example("", "status:")
def test_what_is_accepted_parses(before: str, begun: str) -> None:
    """Behind any beginning that is right, every proposal leads to a query."""
    text = before + begun
    found = complete(text, len(text))
    for choice in found.choices:
        finished = _finished(text, found, choice.insert)
        try:
            parse(finished)
        except QueryError as error:
            pytest.fail(f"{finished!r}: {error}")


_pieces = st.sampled_from(
    [
        "tool:",
        "status:",
        "args.",
        "time:",
        "(",
        ")",
        '"',
        "\\",
        "-",
        "*",
        ",",
        "..",
        ">",
        " ",
        "a",
        "é",
        "\ud800",
        "\0",
        "AND",
        ":",
        "nope:",
        "x.y:",
    ]
)


@given(st.lists(_pieces, max_size=30).map("".join) | st.text(max_size=60), st.integers(-5, 70))
def test_any_text_and_place_has_an_answer(text: str, at: int) -> None:
    """Nothing is raised, and what a choice replaces is around the cursor."""
    found = complete(text, at)
    here = max(0, min(at, len(text)))
    assert 0 <= found.start <= here <= found.end <= len(text) or found.expects == "field"
    assert 0 <= found.start <= found.end <= len(text)


@pytest.mark.parametrize(
    "text", ["a " * 5_000, "(" * 9_999, '"' * 9_999, "args." * 1_999, 'args."' * 1_600, "tool:(" + "a," * 4_900, "\\" * 9_999]
)
def test_long_texts_are_completed_in_time(text: str) -> None:
    """Whatever was pasted."""
    complete(text, len(text))
    assert complete("a" * (LENGTH_MAX + 1), LENGTH_MAX + 1).expects == "nothing"
    assert DEPTH_MAX < TERMS_MAX < LENGTH_MAX


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_value_that_is_filled_in_reads_back(value: str) -> None:
    """Quoted as `quote` writes it, alone and in a list."""
    alone, listed = parse(f"session:{quote(value)}").tree, parse(f"session:({quote(value)}, {quote(value)})").tree
    assert alone.value == value  # type: ignore[union-attr]
    assert [item.value for item in listed.items] == [value, value]  # type: ignore[union-attr]
