"""Answers whose time could tell of hidden payloads leave at fixed times."""

import asyncio

import pytest

from gatebook.identity.access import Access
from gatebook.identity.roles import union
from gatebook.query import parse
from gatebook.reading.pacing import STEP_S, is_paced, leaves_after_s, paced
from gatebook.state.roles import BUILT_IN

OWN = Access(roles=("employee",), shown=union([BUILT_IN["employee"]]), own="me")
WHOLE = Access(roles=("security_analyst",), shown=union([BUILT_IN["security_analyst"]]), own="me")


@pytest.mark.parametrize(
    "text", ["word", '"a phrase"', "wor*", "*or*", "args.limit:>3", "args.limit:*", "status:ok OR (tool:x -word)", "arguments:*"]
)
def test_questions_about_payloads_are_paced_for_who_sees_some(text: str) -> None:
    """Wherever the condition stands; for who sees everything nothing is."""
    assert is_paced(OWN.confined(parse(text)))
    assert not is_paced(WHOLE.confined(parse(text)))


@pytest.mark.parametrize("text", ["", "tool:find*", "-status:ok", "duration:>1s OR connector:crm"])
def test_questions_about_fields_are_not(text: str) -> None:
    """As much is read for them whatever is hidden."""
    assert not is_paced(OWN.confined(parse(text)))


def test_times_are_few() -> None:
    """Steps that double, so that a long answer says as little as a short one; the budget is the last."""
    times = [leaves_after_s(taken / 1000, 5.0) for taken in range(0, 5001, 7)]
    assert sorted(set(times)) == [STEP_S, 2 * STEP_S, 4 * STEP_S, 8 * STEP_S, 16 * STEP_S, 5.0]
    assert all(leaves >= taken / 1000 for taken, leaves in zip(range(0, 5001, 7), times, strict=True))


@pytest.mark.asyncio
async def test_an_error_leaves_no_sooner_than_an_answer() -> None:
    """Nobody learns from how soon it fails; who goes away does not wait."""

    async def fail() -> None:
        raise ValueError

    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with pytest.raises(ValueError):
        await paced(fail(), 5.0)
    assert loop.time() - began_s >= STEP_S * 0.99
    task = asyncio.create_task(paced(asyncio.sleep(60), 90.0))
    await asyncio.sleep(0)
    task.cancel()
    began_s = loop.time()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert loop.time() - began_s < STEP_S
