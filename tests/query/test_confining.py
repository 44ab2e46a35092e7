"""A confined query tells nothing of what is hidden, whatever stands around a condition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.index.rows import FullRow
from gatebook.query import Query, matches, parse
from gatebook.query.confining import HiddenField, Rows, confine, rows_of
from gatebook.query.render import render
from gatebook.query.tree import And, Compare, Everything, Node, Not, Or, Shown, Words

OWN = frozenset({"aaa"})
TEAM = frozenset({"aaa", "bbb"})
SEEN: dict[str, Rows] = {"person": OWN, "status": None, "arguments": TEAM, "response": OWN, "fingerprint": frozenset(), "args": TEAM}
LEAVES: list[Node] = [parse(text).tree for text in ("person:ann", "status:ok", "arguments:secret", "secret", "response:secret", "args.limit:>3", "-person:*")]  # fmt: skip
TREES = st.recursive(
    st.sampled_from(LEAVES) | st.just(Everything()),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(tuple).flatmap(lambda items: st.sampled_from([And(items), Or(items)])) | inner.map(Not)
    ),
    max_leaves=8,
)


def seen(field: str) -> Rows:
    """In whose rows a field is visible."""
    return SEEN[field]


@given(TREES, st.sampled_from(["aaa", "bbb", "ccc"]), st.booleans())
def test_hidden_values_change_no_answer(tree: Node, subject: str, whole: bool) -> None:
    """Two rows that differ only in what is hidden in rows of their subject match alike, for every tree."""
    reach: Rows = None if whole else TEAM
    one = FullRow(
        call_id="x", time=1, subject=subject, status="ok", person="ann", arguments="secret", response="secret", args=("limit\x1f9",)
    )
    hidden = {field: rows for field, rows in SEEN.items() if rows is not None and subject not in rows}
    other = replace(one, **{name: () if name == "args" else "" for name in hidden if name in ("person", "arguments", "response", "args")})
    asked = Query("", confine(tree, reach, seen))
    assert matches(asked, one) is matches(asked, other)
    if reach is not None and subject not in reach:
        assert not matches(asked, one)
    if not hidden and (reach is None or subject in reach):
        assert matches(asked, one) is matches(Query("", tree), one)


def test_a_field_that_is_visible_nowhere_is_refused_whatever_is_asked_of_it() -> None:
    """With a sentence that names it, and a place that does not depend on data; words anywhere go by what is left."""
    for text in ("fingerprint:x", "-fingerprint:*", "status:ok (a OR fingerprint:x)"):
        with pytest.raises(HiddenField, match="your role does not show fingerprint"):
            confine(parse(text).tree, None, seen)
    only_arguments = {**SEEN, "response": frozenset()}
    assert confine(Words("text", "a"), None, lambda field: only_arguments[field]) == Shown((rows_of(TEAM), Words("arguments", "a")))
    with pytest.raises(HiddenField, match="does not show text"):
        confine(Words("text", "a"), None, lambda _: frozenset())


def test_nothing_is_changed_where_everything_is_visible() -> None:
    """The same tree, so that the question costs what it did."""
    tree = parse("person:ann (secret OR -args.limit:>3)").tree
    assert confine(tree, None, lambda _: None) == tree


def test_rows_of_some_people_can_be_written_down() -> None:
    """As the condition that a person could have asked for."""
    assert rows_of(None) == Everything() and rows_of(OWN) == Compare("subject", "eq", "aaa")
    assert parse(render(rows_of(TEAM))).tree == Or((Compare("subject", "eq", "aaa"), Compare("subject", "eq", "bbb")))
