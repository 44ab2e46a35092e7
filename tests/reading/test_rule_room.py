"""The room of rules: who may look and change, what stands there, and that a change is checked, recorded and made whole or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gatebook.identity.directory import make_principal
from gatebook.reading.rights import NotForYou
from gatebook.reading.rule_facts import ChangeRefused, Edit
from gatebook.reading.viewer import Viewer
from gatebook.state.documents import DocumentError
from gatebook.state.snapshot import Person
from tests.console.stage import Stage

POLICY = """kind: Policy
name: no-exports
spec:
  effect: deny
  selector:
    tools:
    - export_*
  reason: Not today
  tests:
  - person: ann
    connector: crm
    tool: export_contacts
    expect: deny
"""
GUARDRAIL = """kind: Guardrail
name: cards
spec:
  detectors:
  - pii/credit_card
  action: mask_last4
"""


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A deployment of its own."""
    made = Stage(tmp_path)
    yield made
    made.close()


def viewer(stage: Stage, id: str = "ann", group: str = "admins", auth: str = "session") -> Viewer:
    """Somebody of a group."""
    person = Person(id=id, groups=(group,))
    return Viewer(principal=make_principal(person, stage.vault.subject(id), auth))  # type: ignore[arg-type]


async def test_a_change_is_in_force_and_in_the_history(stage: Stage) -> None:
    """What is changed is listed, in its mode and with its history; both versions are kept."""
    ann = viewer(stage)
    made = await stage.rules.change(ann, Edit(text=f"{POLICY}---\n{GUARDRAIL}", reason="first"))
    assert made.applied and [change.action for change in made.changes] == ["created", "created"]
    await stage.rules.set_mode(ann, "Policy", "no-exports", "observe", "watch it first", 1)
    (policy,), (guardrail,) = await stage.rules.rules(ann, "Policy"), await stage.rules.rules(ann, "Guardrail")
    assert (policy.mode, policy.effect, policy.version, policy.author, policy.tests) == ("observe", "deny", 2, "ann", 1)
    assert (guardrail.effect, guardrail.detectors, guardrail.parts) == ("mask_last4", ("pii/credit_card",), ("arguments", "response"))
    resource = await stage.rules.resource(ann, "Policy", "no-exports")
    assert resource is not None and [version.reason for version in resource.versions] == ["watch it first", "first"]
    changed = [line for line in resource.versions[0].diff.splitlines()[2:] if line[0] in "+-"]
    assert changed == ["+  mode: observe"]
    await stage.rules.roll_back(ann, "Policy", "no-exports", 1, "back", 2)
    again = await stage.rules.resource(ann, "Policy", "no-exports")
    assert again is not None and again.yaml == POLICY and again.version == 3


@pytest.mark.parametrize(
    ("group", "auth", "reads", "changes"),
    [
        ("admins", "session", True, True),
        ("admins", "token", True, False),
        ("auditors", "session", True, False),
        ("security", "session", True, False),
        ("sales", "session", False, False),
        ("local-admin", "socket", True, True),
    ],
)
async def test_who_may_look_and_who_may_change(stage: Stage, group: str, auth: str, reads: bool, changes: bool) -> None:
    """Reading is for those who read all calls, changing for administrators, and never with an access token; nothing changes for whoever may not."""
    await stage.rules.change(viewer(stage), Edit(text=POLICY))
    who, revision = viewer(stage, "eve", group, auth), stage.store.revision()
    for read in (
        stage.rules.rules(who, "Policy"),
        stage.rules.resource(who, "Policy", "no-exports"),
        stage.rules.check(who, Edit(text=GUARDRAIL)),
        stage.rules.proposals(who),
        stage.rules.proposal(who, "chg_0"),
    ):
        if reads:
            await read
        else:
            with pytest.raises(NotForYou):
                await read
    assert stage.store.revision() == revision
    for change in (
        stage.rules.change(who, Edit(text=GUARDRAIL)),
        stage.rules.set_mode(who, "Policy", "no-exports", "observe", "", 1),
        stage.rules.roll_back(who, "Policy", "no-exports", 1, "", 2),
    ):
        if changes:
            await change
        else:
            with pytest.raises(NotForYou):
                await change
    assert (stage.store.revision() > revision) is changes


async def test_what_was_changed_by_somebody_else_is_not_overwritten(stage: Stage) -> None:
    """An edit of what has moved is refused, whichever way it comes, and the check says so before."""
    ann, bob = viewer(stage), viewer(stage, "bob")
    await stage.rules.change(ann, Edit(text=POLICY, bases={"Policy/no-exports": 0}))
    edit = Edit(text=POLICY.replace("Not today", "Never"), bases={"Policy/no-exports": 1})
    assert (await stage.rules.check(bob, edit)).problems == ()
    await stage.rules.set_mode(ann, "Policy", "no-exports", "observe", "", 1)
    assert "somebody else" in (await stage.rules.check(bob, edit)).problems[0]
    for late in (
        stage.rules.change(bob, edit),
        stage.rules.set_mode(bob, "Policy", "no-exports", "enforce", "", 1),
        stage.rules.roll_back(bob, "Policy", "no-exports", 1, "", 1),
        stage.rules.change(bob, Edit(deletions=(("Policy", "no-exports"),), bases={"Policy/no-exports": 0})),
    ):
        with pytest.raises(ChangeRefused) as refused:
            await late
        assert refused.value.kind == "moved"
    (policy,) = await stage.rules.rules(bob, "Policy")
    assert (policy.version, policy.mode) == (2, "observe")


async def test_an_edit_with_a_mistake_changes_nothing(stage: Stage) -> None:
    """The check names lines, and a change with the same mistake changes nothing at all, the right resources in it neither."""
    ann = viewer(stage)
    wrong = f"{GUARDRAIL}---\n{POLICY.replace('expect: deny', 'expect: allow')}"
    checked = await stage.rules.check(ann, Edit(text=wrong))
    assert len(checked.problems) == 1 and checked.problems[0].startswith("text:17: Policy no-exports: spec.tests[0]: test 1")
    assert checked.tests == 1 and [change.action for change in checked.changes] == ["created", "created"]
    with pytest.raises(DocumentError) as error:
        await stage.rules.change(ann, Edit(text=wrong))
    assert tuple(error.value.problems) == checked.problems
    for nothing in (Edit(), Edit(text="# only a remark"), Edit(deletions=(("Policy", "nobody"),))):
        assert (await stage.rules.check(ann, nothing)).problems
        with pytest.raises(DocumentError):
            await stage.rules.change(ann, nothing)
    assert stage.desk.resources() == []


async def test_what_was_deleted_comes_back(stage: Stage) -> None:
    """A deletion is a version: it can be rolled back, and rolled back to."""
    ann = viewer(stage)
    await stage.rules.change(ann, Edit(text=POLICY))
    await stage.rules.change(ann, Edit(deletions=(("Policy", "no-exports"),), reason="no longer needed"))
    assert await stage.rules.rules(ann, "Policy") == []
    gone = await stage.rules.resource(ann, "Policy", "no-exports")
    assert gone is not None and (gone.yaml, gone.version, gone.facts, gone.versions[0].deleted) == ("", 2, None, True)
    assert "-kind: Policy" in gone.versions[0].diff
    await stage.rules.roll_back(ann, "Policy", "no-exports", 1, "needed again", gone.version)
    assert [policy.version for policy in await stage.rules.rules(ann, "Policy")] == [3]
    made = await stage.rules.roll_back(ann, "Policy", "no-exports", 2, "not so", 3)
    assert [change.action for change in made.changes] == ["deleted"]
    assert await stage.rules.resource(ann, "Policy", "other") is None
    with pytest.raises(ChangeRefused, match="deleted already"):
        await stage.rules.roll_back(ann, "Policy", "no-exports", 2, "", 4)
    with pytest.raises(ChangeRefused, match="no Policy no-exports"):
        await stage.rules.set_mode(ann, "Policy", "no-exports", "observe", "", 4)
    with pytest.raises(ChangeRefused, match="no version 9"):
        await stage.rules.roll_back(ann, "Policy", "no-exports", 9, "", 4)
