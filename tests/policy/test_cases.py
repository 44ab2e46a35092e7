"""Tests inside policies."""

import pytest
from msgspec.structs import replace

from gatebook.policy.cases import failure, failures, request_of
from gatebook.policy.rules import Case, Rule
from gatebook.policy.selectors import Selector
from gatebook.policy.windows import Window
from tests.policy.cast import NOON_US, bundle

DELETE = Case(person="ana@corp.example", groups=("sales",), connector="crm", tool="delete", expect="deny", by="no-delete")
RULE = Rule(id="no-delete", effect="deny", selector=Selector(tools=("delete",)))


def test_tests_that_hold_say_nothing() -> None:
    """All four expectations, with and without the rule that decides."""
    mine = bundle(
        replace(RULE, tests=(DELETE, replace(DELETE, tool="list", expect="allow", by=None), replace(DELETE, by=None))),
        Rule(id="ask", effect="require_approval", selector=Selector(tools=("get_a",)), tests=(replace(DELETE, tool="get_a", expect="pending", by="ask"), replace(DELETE, tool="get_a", approved=("ask",), expect="allow", by="ask"))),
        Rule(id="hide", effect="redact", redact=("pii/*",), selector=Selector(tools=("get_b",)), when="args.x == 1", tests=(replace(DELETE, tool="get_b", args={"x": 1}, expect="redact", by="hide"),)),
    )  # fmt: skip
    assert list(failures(mine)) == []


def test_a_test_that_fails_says_what_came() -> None:
    """Expected and actual effect and rule, in a sentence with the place of the test."""
    mine = bundle(
        replace(RULE, tests=(DELETE, replace(DELETE, expect="allow"))),
        Rule(
            id="bad",
            effect="deny",
            when="args.none == 1",
            selector=Selector(tools=("list",)),
            tests=(replace(DELETE, tool="list", expect="allow", by=None),),
        ),
    )
    assert [str(one) for one in failures(mine)] == [
        "bad, test 1: expected allow for list of crm by ana@corp.example, was deny by bad (bad could not be answered)",
        "no-delete, test 2: expected allow by no-delete for delete of crm by ana@corp.example, was deny by no-delete",
    ]
    assert (
        failure(mine, replace(DELETE, by="other")) == "expected deny by other for delete of crm by ana@corp.example, was deny by no-delete"
    )


def test_only_the_tests_of_some_rules_can_be_run() -> None:
    """Against the whole bundle all the same."""
    assert not list(failures(bundle(RULE), [replace(RULE, tests=(DELETE,))]))


def test_a_case_becomes_a_call() -> None:
    """A name with @ is an address too; time, place, client and kind are as written."""
    request = request_of(
        replace(DELETE, at="2026-01-05T13:00:00+01:00", source_ip="10.0.0.1", client="Cursor", service_account=True, args={"a": [1]})
    )
    assert (request.email, request.time_us, request.kind, request.arguments) == ("ana@corp.example", NOON_US, "service", b'{"a":[1]}')
    assert request_of(replace(DELETE, person="ana")).email == ""


def test_a_time_is_part_of_a_case() -> None:
    """A rule for the night is tested at night."""
    night = Rule(id="night", effect="deny", selector=Selector(times=(Window(from_="22:00", to="06:00"),)))
    assert failure(bundle(night), replace(DELETE, at="2026-01-05T23:00:00Z", by="night")) is None
    assert failure(bundle(night), replace(DELETE, expect="allow", by=None)) is None


@pytest.mark.parametrize("at", ["noon", "2026-01-05T12:00:00", ""])
def test_a_time_that_cannot_be_read_is_a_failure(at: str) -> None:
    """Also one without a zone."""
    assert "at: " in (failure(bundle(RULE), replace(DELETE, at=at)) or "")
