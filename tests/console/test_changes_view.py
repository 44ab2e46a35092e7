"""Lines of differences, problems with their lines, and what was overtaken: pure functions."""

import pytest

from gatebook.console.changes_view import CheckView, Fault, check_view, diff_lines, fault, faults, page_of, seen_versions
from gatebook.reading.rule_facts import Checked, EditedChange
from gatebook.state.changes import unified


def checked(*changes: EditedChange) -> Checked:
    """What a check without problems found."""
    return Checked(problems=(), warnings=(), changes=changes, tests=0, needs_second=False)


def change(action: str, version: int) -> EditedChange:
    """One resource of an edit."""
    return EditedChange(kind="Policy", name="one", action=action, version=version, diff="")  # type: ignore[arg-type]


def test_a_difference_is_told_line_by_line() -> None:
    """The head is left out, each line has its kind and mark; a line of text that looks like a head stays."""
    lines = diff_lines(unified("a\n-- b\nc\n", "a\n++ d\nc\n", "Policy/one"))
    assert [(line.kind, line.mark, line.text) for line in lines] == [
        ("hunk", " ", "@@ -1,3 +1,3 @@"),
        ("same", " ", "a"),
        ("gone", "-", "-- b"),
        ("new", "+", "++ d"),
        ("same", " ", "c"),
    ]
    assert diff_lines("") == ()


def test_a_difference_hides_nothing() -> None:
    """What turns the order of letters around is written out."""
    assert diff_lines("+a\u202eb")[0].text == "a<U+202E>b"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("text:12: Policy one: spec.effect: unknown", Fault(line=12, text="Policy one: spec.effect: unknown")),
        ("Policy one: spec.tests[0]: test 1: is denied", Fault(line=0, text="Policy one: spec.tests[0]: test 1: is denied")),
        ("there is nothing in it", Fault(line=0, text="there is nothing in it")),
    ],
)
def test_a_problem_is_told_apart_from_its_line(text: str, found: Fault) -> None:
    """Those of another resource have no line in the text."""
    assert fault(text) == found


def test_problems_stand_in_the_order_of_lines() -> None:
    """As somebody reads the text."""
    assert [one.line for one in faults(["text:9: b", "text:2: a", "c"])] == [0, 2, 9]


@pytest.mark.parametrize(
    ("action", "version", "base", "moved"),
    [
        ("changed", 4, 3, False),
        ("changed", 4, 2, True),
        ("unchanged", 3, 3, False),
        ("deleted", 4, 2, True),
        ("created", 1, 0, False),
        ("created", 4, 0, False),
        ("created", 4, 3, False),
        ("created", 4, 2, True),
        ("changed", 2, 0, True),
    ],
)
def test_what_was_overtaken_is_named(action: str, version: int, base: int, moved: bool) -> None:
    """A base that is not the version in force; of a resource that was deleted, 0 and the version of its deletion are both good."""
    found = check_view(checked(change(action, version)), {"Policy/one": base})
    assert found.moved == (("Policy one",) if moved else ())
    assert check_view(checked(change(action, version)), {}).moved == ()


def test_a_check_is_good_only_when_it_would_change_something() -> None:
    """Not with a problem, not without a difference, not when overtaken."""
    assert check_view(checked(change("changed", 2)), {}).good
    assert not check_view(checked(change("unchanged", 2)), {}).good
    assert not check_view(checked(change("changed", 2)), {"Policy/one": 0}).good
    assert not check_view(Checked(problems=("x",), warnings=(), changes=(), tests=0, needs_second=False), {}).good
    assert not CheckView().good
    assert seen_versions(checked(change("changed", 2))) == {"Policy/one": 1}


@pytest.mark.parametrize(
    ("kind", "name", "deleted", "place"),
    [
        ("Policy", "one", False, "/policies/one"),
        ("Policy", "one", True, "/policies"),
        ("Guardrail", "one", False, "/guardrails/one"),
        ("Connector", "a/b", False, "/connectors/a%2Fb"),
        ("Governance", "default", False, "/policies"),
        ("Detector", "one", False, "/guardrails"),
    ],
)
def test_every_kind_has_a_page_to_go_to(kind: str, name: str, deleted: bool, place: str) -> None:
    """Its own where there is one, else the list that it belongs to."""
    assert page_of(kind, name, deleted=deleted) == place
