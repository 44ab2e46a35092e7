"""Rounds of one logical call are linked, and belong to the person and the call that began them."""

from types import SimpleNamespace
from typing import Any

import pytest

from gatebook.gateway.plan import Refusal
from gatebook.gateway.recorder import Asked
from gatebook.gateway.rounds import Rounds
from gatebook.record.parts import Round, Trace

STATE = b'{"resultType":"input_required","requestState":"%s"}'


def asked(tool: str = "t", connector: str = "x", round: Round | None = None) -> Asked:
    """Make what is asked."""
    return Asked(method="tools/call", trace=Trace(id="", parent=""), connector=connector, tool=tool, round=round)


def context(person: str = "ann") -> Any:
    """Make the part of a context that counts."""
    return SimpleNamespace(principal=SimpleNamespace(person=person))


def live(call: str, person: str = "ann", **fields: Any) -> Any:
    """Make the part of a call that counts."""
    return SimpleNamespace(id=call, asked=asked(**fields), context=context(person))


def test_rounds_count_up_from_the_first() -> None:
    """Each round knows the first one's id and its own number."""
    rounds = Rounds()
    rounds.wait_for(STATE % b"s1", live("c1"))
    second = rounds.continued("s1", asked(), context())
    assert second == Round(first="c1", number=2)
    rounds.wait_for(STATE % b"s2", live("c2", round=second))
    assert rounds.continued("s2", asked(), context()) == Round(first="c1", number=3)


@pytest.mark.parametrize(("who", "fields"), [("bob", {}), ("ann", {"tool": "u"}), ("ann", {"connector": "y"})])
def test_a_state_of_another_call_is_refused(who: str, fields: dict[str, Any]) -> None:
    """Another person, tool or connector cannot go on with it."""
    rounds = Rounds()
    rounds.wait_for(STATE % b"s", live("c1"))
    with pytest.raises(Refusal) as caught:
        rounds.continued("s", asked(**fields), context(who))
    assert caught.value.error_class == "permission"


def test_the_same_state_for_two_people_is_each_ones_own() -> None:
    """A connector that gives everybody the same state does not make one person's call end another's."""
    rounds = Rounds()
    rounds.wait_for(STATE % b"s", live("c1", "ann"))
    rounds.wait_for(STATE % b"s", live("c2", "bob"))
    assert [rounds.continued("s", asked(), context(who)) for who in ("ann", "bob")] == [
        Round(first="c1", number=2),
        Round(first="c2", number=2),
    ]


def test_what_is_not_known_is_no_round() -> None:
    """A request without a state, with an unknown one, or an answer without one, is a call of its own."""
    rounds = Rounds()
    rounds.wait_for(b'{"resultType":"input_required"}', live("c1"))
    rounds.wait_for(b'{"requestState":5}', live("c1"))
    assert rounds.continued(None, asked(), context()) is rounds.continued("s", asked(), context()) is None


def test_the_table_is_bounded() -> None:
    """Calls that are never gone on with are forgotten in the end, oldest first."""
    rounds = Rounds()
    for number in range(10_001):
        rounds.wait_for(STATE % str(number).encode(), live("c"))
    assert rounds.continued("0", asked(), context()) is None and rounds.continued("10000", asked(), context()) is not None
    for number in range(1_001):
        rounds.wait_for(STATE % b"10000", live("c", f"p{number}"))
    assert len(rounds._waiting) == 10_000 and all(len(calls) <= 1000 for calls in rounds._waiting.values())
