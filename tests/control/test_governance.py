"""What the command line can ask about policies; and that what does not fit never comes into force."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gatebook.control.desk import Desk
from gatebook.control.operations import perform
from gatebook.identity.directory import Principal
from gatebook.record.body import ConfigChanged
from gatebook.state.documents import DocumentError
from gatebook.state.snapshot import read_snapshot
from gatebook.state.store import StateError
from tests.control.conftest import Recorded

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: https://crm.example/mcp, allow: {groups: [sales]}}\n"
POLICY = """\
kind: Policy
name: no-exports
spec:
  effect: deny
  selector: {connectors: [crm], tools: ["export_*"]}
  when: "args.?limit.orValue(0) > 100"
  reason: Too many.
  tests:
    - {person: ann, groups: [sales], connector: crm, tool: export_all, args: {limit: 500}, expect: deny, by: no-exports}
"""
BROKEN = POLICY.replace("> 100", "> 1000")
GUARDRAIL = "kind: Guardrail\nname: cards\nspec: {detectors: [custom/badge], action: redact}\n"
DETECTOR = "kind: Detector\nname: badge\nspec: {pattern: 'B-[0-9]{6}', examples: [B-104233]}\n"


def texts(*documents: str) -> list[dict[str, str]]:
    """Return documents as one file."""
    return [{"source": "p.yaml", "text": "---\n".join(documents)}]


async def ask(desk: Desk, caller: Principal, operation: str, /, **params: Any) -> Any:
    """Run one operation."""
    return json.loads(await perform(desk, operation, json.dumps(params).encode(), caller))


@pytest.fixture
async def filled(desk: Desk, caller: Principal) -> Desk:
    """A desk over a state with a connector, a policy, a guardrail and its detector, and with Ann of sales."""
    await ask(desk, caller, "apply", texts=texts(CRM, POLICY, GUARDRAIL, DETECTOR))
    await ask(desk, caller, "token_create", person="ann", groups=["sales"], email="ann@corp.example")
    return desk


async def test_a_bundle_whose_tests_fail_is_refused_and_what_is_in_force_stays(
    filled: Desk, caller: Principal, recorded: Callable[[], Recorded]
) -> None:
    """Nothing of the file is stored, no record says that something changed, and the revision is the same."""
    with filled.store.read() as connection:
        before = read_snapshot(connection, 0)
    told = len(recorded())
    for dry_run in (True, False):
        with pytest.raises(DocumentError) as caught:
            await ask(filled, caller, "apply", texts=texts(CRM.replace("sales", "everyone"), BROKEN), dry_run=dry_run)
        (problem,) = caught.value.problems
        assert problem.startswith("p.yaml:13: Policy no-exports: spec.tests[0]: test 1: expected deny by no-exports")
    with filled.store.read() as connection:
        assert read_snapshot(connection, 0) == before
    assert len(recorded()) == told


@pytest.mark.parametrize(("kind", "name", "user"), [("Detector", "badge", "Guardrail cards"), ("ToolPack", "exports", "Policy by-pack")])
async def test_what_others_use_is_not_deleted(filled: Desk, caller: Principal, kind: str, name: str, user: str) -> None:
    """The refusal names who uses it; once that is gone, it may go too."""
    pack = "kind: ToolPack\nname: exports\nspec: {tools: {crm: ['export_*']}}\n"
    policy = "kind: Policy\nname: by-pack\nspec: {effect: alert_only, selector: {packs: [exports]}}\n"
    await ask(filled, caller, "apply", texts=texts(pack, policy))
    with pytest.raises(DocumentError) as caught:
        await ask(filled, caller, "delete", kind=kind, name=name)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{user}: spec.") and "there is no" in problem.lower()
    used_by = user.split()
    await ask(filled, caller, "delete", kind=used_by[0], name=used_by[1])
    assert (await ask(filled, caller, "delete", kind=kind, name=name))["changes"][0]["action"] == "deleted"


async def test_check_counts_and_warns_without_changing_anything(filled: Desk, caller: Principal, recorded: Callable[[], Recorded]) -> None:
    """What is stored, and what would be with a file applied."""
    assert await ask(filled, caller, "check") == {"warnings": [], "policies": 1, "guardrails": 1, "tests": 1}
    told = len(recorded())
    found = await ask(
        filled, caller, "check", texts=texts("kind: Policy\nname: empty\nspec: {effect: deny, selector: {connectors: [crn]}}\n")
    )
    assert (found["policies"], found["tests"]) == (2, 1)
    assert "p.yaml:3: Policy empty: spec.selector.connectors: there is no connector 'crn'; did you mean 'crm'?" in found["warnings"]
    with pytest.raises(DocumentError):
        await ask(filled, caller, "check", texts=texts(BROKEN))
    assert len(recorded()) == told


async def test_explain_decides_as_a_call_would_be_decided(filled: Desk, caller: Principal) -> None:
    """For a person of the directory, by id or address; every rule with why it matched or not."""
    order = {"person": "ANN@corp.example", "connector": "crm", "tool": "export_all"}
    denied = await ask(filled, caller, "explain", **order, arguments='{"limit": 500}')
    assert (denied["decision"]["effect"], denied["decision"]["rule"], denied["decision"]["reason"]) == (
        "blocked",
        "no-exports",
        "Too many.",
    )
    assert ("no-exports", True) in [(step["id"], step["matched"]) for step in denied["steps"]]
    allowed = await ask(filled, caller, "explain", **order)
    assert allowed["decision"]["effect"] == "allowed" and allowed["person"]["id"] == "ann"
    assert ("no-exports", False) in [(step["id"], step["matched"]) for step in allowed["steps"]]
    with_file = await ask(filled, caller, "explain", **order, texts=texts("kind: Governance\nname: default\nspec: {default: deny}\n"))
    assert with_file["decision"]["effect"] == "blocked"


async def test_explain_refuses_what_cannot_be_a_call(filled: Desk, caller: Principal) -> None:
    """Nobody of that name; arguments that are no JSON."""
    with pytest.raises(StateError, match="there is no person 'eve'"):
        await ask(filled, caller, "explain", person="eve", connector="crm", tool="x")
    with pytest.raises(StateError, match="the arguments are not JSON"):
        await ask(filled, caller, "explain", person="ann", connector="crm", tool="x", arguments="{")


async def test_reach_knows_only_tools_that_were_listed(filled: Desk, caller: Principal) -> None:
    """Before a connector has listed its tools there is nothing to say about them."""
    found = await ask(filled, caller, "reach", person="ann")
    assert (found["person"]["groups"], found["tools"]) == (["sales"], [])


async def test_what_is_applied_is_on_the_record(filled: Desk, recorded: Callable[[], Recorded]) -> None:
    """Each resource with its kind and name, policies and guardrails like connectors."""
    changed = [(body.kind, body.name) for body, _ in recorded() if isinstance(body, ConfigChanged) and body.kind != "Person"]
    assert changed == [("Connector", "crm"), ("Policy", "no-exports"), ("Guardrail", "cards"), ("Detector", "badge")]
