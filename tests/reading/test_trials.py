"""Which guardrails a trial is about: part, connector and tool are asked for, callers are not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gatebook.reading.trials import TrialOrder
from gatebook.state.documents import DocumentError
from tests.console.stage import Stage
from tests.console.tooling import dress
from tests.reading.payloads import IBAN, enforce, guardrail

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = "---\n".join(
    (
        guardrail("exports", more="selector: {connectors: [crm], tools: [export_*]}"),
        guardrail("sales", action="redact", more="selector: {groups: [sales]}, parts: [response]"),
        guardrail("files", more="selector: {connectors: [files]}"),
    )
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A deployment with connectors, and guardrails of some."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    try:
        await stage.enroll()
        await dress(stage)
        await enforce(stage, RULES)
        yield stage
    finally:
        stage.close()


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ({}, ["exports", "files", "sales"]),
        ({"part": "arguments"}, ["exports", "files"]),
        ({"connector": "crm"}, ["exports", "sales"]),
        ({"connector": "crm", "tool": "export_contacts"}, ["exports", "sales"]),
        ({"connector": "crm", "tool": "get_customer"}, ["sales"]),
        ({"connector": "git"}, ["sales"]),
    ],
)
async def test_a_trial_is_about_a_part_and_a_tool(stage: Stage, where: dict[str, Any], wanted: list[str]) -> None:
    """What is about some callers only is tried too, and says so."""
    found = await stage.trials.run(TrialOrder(**{"text": IBAN, "part": "response", **where}))
    assert [rule.guardrail for rule in found.guardrails] == wanted
    assert {rule.guardrail for rule in found.guardrails if rule.some} == {"sales"} & set(wanted)


async def test_a_draft_is_tried_beside_what_is_in_force(stage: Stage) -> None:
    """Under its name it replaces what is in force; one with a mistake says where, and nothing is stored."""
    draft = guardrail("files", action="log") + "---\n" + guardrail("new", action="hash")
    found = await stage.trials.run(TrialOrder(text=IBAN, part="arguments", draft=draft, connector="files"))
    assert [(rule.guardrail, rule.action) for rule in found.guardrails] == [("files", "log"), ("new", "hash")]
    with pytest.raises(DocumentError, match="draft:3"):
        await stage.trials.run(TrialOrder(text=IBAN, part="arguments", draft=guardrail("x", detectors="nope")))
    assert "new" not in stage.store.snapshot().rules.guardrails


async def test_the_known_tools_can_be_chosen(stage: Stage) -> None:
    """By connector."""
    tools = await stage.trials.tools()
    assert "export_contacts" in tools["crm"] and list(tools) == sorted(tools)
