"""Policies and guardrails in the order in which they are evaluated, and how often they applied."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from msgspec.structs import replace

from gatebook.control.caller import local_caller
from gatebook.reading.rule_facts import Hits, RuleFacts
from gatebook.reading.viewer import Viewer
from gatebook.record.parts import Decision, Effect
from gatebook.state.documents import parse_documents
from tests.console.stage import Stage

DAY_US = 86_400_000_000
RULES = """
kind: Policy
name: b-allow
spec: {effect: allow}
---
kind: Policy
name: c-deny
spec: {effect: deny, selector: {tools: [drop]}}
---
kind: Policy
name: a-watch
spec: {effect: alert_only}
---
kind: Policy
name: a-deny
spec: {effect: deny, mode: observe, selector: {tools: [export_*]}}
---
kind: Guardrail
name: a-log
spec: {detectors: [pii/email], action: log}
---
kind: Guardrail
name: z-block
spec: {detectors: [secret/*], action: block}
"""


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A governed deployment of its own."""
    made = Stage(tmp_path)
    await made.desk.apply(parse_documents(RULES, "rules.yaml"), local_caller("root", made.vault.subject))
    yield made
    made.close()


def play(stage: Stage, ago_us: int, effect: Effect, rule: str, *matched: str, finish: bool = True) -> None:
    """Record a call that was decided so; one without an outcome is not in the tables of the index yet."""
    planned = stage.random_call()
    while planned.finish is None:
        planned = stage.random_call()
    decision = Decision(effect=effect, rule=rule, bundle="0" * 16, matched=matched)
    opening, ended = replace(planned.opening, decision=decision), replace(planned.finish, decision=None)
    stage.play(replace(planned, opening=opening, finish=ended), ago_us, finish=finish)


async def found(stage: Stage) -> dict[str, RuleFacts]:
    """All of both kinds by name, as the local administrator reads them."""
    viewer = Viewer(principal=local_caller("root", stage.vault.subject))
    return {fact.name: fact for kind in ("Policy", "Guardrail") for fact in await stage.rules.rules(viewer, kind)}  # type: ignore[arg-type]


async def test_rules_stand_in_the_order_of_evaluation(stage: Stage) -> None:
    """Policies by effect, guardrails by action, the strongest first; then by name. What nobody called has no hits."""
    facts = await found(stage)
    assert list(facts) == ["a-deny", "c-deny", "b-allow", "a-watch", "z-block", "a-log"]
    assert {fact.hits for fact in facts.values()} == {Hits(calls=0, decided=0, days=(0,) * 7, last_us=None)}


async def test_hits_are_the_calls_that_a_search_finds(stage: Stage) -> None:
    """By day, those that a rule decided apart from those that it only matched, indexed or still waiting; and the question is on the record."""
    play(stage, 8 * DAY_US, "blocked", "c-deny", "c-deny")
    play(stage, 6 * DAY_US + DAY_US // 2, "blocked", "c-deny", "c-deny", "a-deny")
    play(stage, DAY_US + 60_000_000, "allowed", "b-allow", "b-allow", "a-deny")
    play(stage, 60_000_000, "redacted", "z-block", "b-allow", "a-log", "z-block")
    play(stage, 2_000_000, "allowed", "b-allow", "b-allow", "a-log", finish=False)
    play(stage, 1_000_000, "blocked", "c-deny", "c-deny", finish=False)
    before = len(await stage.reads())
    facts = await found(stage)
    hits = {name: fact.hits for name, fact in facts.items() if fact.hits is not None}
    assert {name: (one.calls, one.decided, one.days) for name, one in hits.items()} == {
        "a-deny": (2, 0, (1, 0, 0, 0, 0, 1, 0)),
        "c-deny": (2, 2, (1, 0, 0, 0, 0, 0, 1)),
        "b-allow": (3, 2, (0, 0, 0, 0, 0, 1, 2)),
        "a-watch": (0, 0, (0,) * 7),
        "z-block": (1, 1, (0, 0, 0, 0, 0, 0, 1)),
        "a-log": (2, 0, (0, 0, 0, 0, 0, 0, 2)),
    }
    assert (hits["c-deny"].last_us or 0) > (hits["z-block"].last_us or 0) > (hits["a-deny"].last_us or 0) > 0
    noted = (await stage.reads())[before:]
    assert [reading["query"].split(" ")[0] for reading in noted] == ["(rule:*)", "(rule:*)"]


async def test_rules_stand_there_without_the_index(stage: Stage) -> None:
    """While the index does not answer, hits are unknown, not zero."""
    index, stage.index = stage.index, None
    facts = await found(stage)
    stage.index = index
    assert facts and {fact.hits for fact in facts.values()} == {None}
