"""The engine of first choice."""

import time

import pytest

from gatebook.policy.cel_cpp import CelCpp
from gatebook.policy.conditions import Condition, Facts
from gatebook.policy.engine import ConditionError, ConditionFailed
from tests.policy.cast import asking
from tests.policy.engines import check_answers, check_mistakes

ENGINE = CelCpp()


def test_it_answers_as_every_engine_must() -> None:
    """Same expressions, same answers, same silence."""
    check_answers(ENGINE)


def test_it_names_the_place_of_a_mistake() -> None:
    """Line and column count from 1."""
    check_mistakes(ENGINE)


@pytest.mark.parametrize("source", ["args.flag", "1 + 1", "'a'", "optional.of(true)", "args.?flag.orValue(true)"])
def test_what_is_not_true_or_false_is_refused_when_it_is_compiled(source: str) -> None:
    """Also a member of args, whose type nobody knows."""
    with pytest.raises(ConditionError, match="must be true or false"):
        ENGINE.compile(source)


def test_wrong_types_are_refused_when_they_are_compiled() -> None:
    """A number is no text; the place is named."""
    with pytest.raises(ConditionError) as caught:
        ENGINE.compile("hour == 'ten'")
    assert caught.value.column == 6


def test_members_that_may_be_missing() -> None:
    """The optional syntax takes the place of a fault."""
    condition = Condition.compile("args.?limit.orValue(0) > 10 || args.?a.?b.hasValue()", ENGINE)
    assert [condition.eval(Facts(asking(args=args))) for args in ({}, {"limit": 11}, {"a": {"b": 1}})] == [False, True, True]


def test_a_loop_over_a_loop_runs_out_of_its_budget() -> None:
    """Hostile data cannot make a condition take long: there is no answer."""
    condition = Condition.compile("args.x.all(a, args.x.all(b, a < b + 100000))", ENGINE)
    began = time.process_time()
    with pytest.raises(ConditionFailed):
        condition.eval(Facts(asking(args={"x": list(range(2000))})))
    assert time.process_time() - began < 1


def test_a_number_out_of_range_is_no_answer() -> None:
    """Numbers are of 64 bits; another member that is larger disturbs nobody who does not read it."""
    condition = Condition.compile("args.limit > 10", ENGINE)
    with pytest.raises(ConditionFailed):
        condition.eval(Facts(asking(args={"limit": 2**70})))
    assert condition.eval(Facts(asking(args={"limit": 11, "other": 2**70})))
