"""The second engine, where it is installed."""

import pytest

from gatebook.policy.conditions import Condition, Facts
from gatebook.policy.engine import ConditionError, ConditionFailed
from tests.policy.cast import asking
from tests.policy.engines import check_answers, check_mistakes

pytest.importorskip("cel", reason="common-expression-language is not installed")

from gatebook.policy.cel_rust import CelRust

ENGINE = CelRust()


def test_it_answers_as_every_engine_must() -> None:
    """Same expressions, same answers, same silence."""
    check_answers(ENGINE)


def test_it_names_the_place_of_a_mistake() -> None:
    """Line and column count from 1."""
    check_mistakes(ENGINE)


def test_what_is_not_true_or_false_has_no_answer() -> None:
    """Types show only when it runs."""
    with pytest.raises(ConditionFailed):
        Condition.compile("args.flag", ENGINE).eval(Facts(asking(args={"flag": 1})))


def test_what_it_does_not_know_is_refused_with_a_way_out() -> None:
    """Optional members are written with has(); the place is named."""
    with pytest.raises(ConditionError, match="has") as caught:
        ENGINE.compile("hour > 3 && args.?limit.orValue(0) > 1")
    assert caught.value.column == 17


def test_a_loop_over_a_loop_is_refused() -> None:
    """It has no budget for loops, so hostile data could make one take long."""
    with pytest.raises(ConditionError, match="loop over a loop"):
        ENGINE.compile("args.x.all(a, args.x.all(b, a < b))")
