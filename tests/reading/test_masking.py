"""What is taken out of calls, and that nothing of it depends on what it was."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gatebook.identity.access import Access, Accesses
from gatebook.identity.directory import make_principal
from gatebook.query.groups import GROUPS
from gatebook.reading.detail import CallDetail
from gatebook.reading.masking import hidden_of, seen_detail, seen_row
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from gatebook.record.body import CallFinished, CallStarted
from gatebook.record.parts import ApiRequest, Credential, Decision, Finding
from gatebook.state.snapshot import Person
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, Case, build

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROLES = {"it_support": "it-support", "auditor": "auditors", "admin": "admins", "team_lead": "team-leads", "security_analyst": "security"}


def access(stage: Stage, group: str) -> Access:
    """What somebody with one role sees of others."""
    return Accesses(stage.store.snapshot(), stage.vault.subject).of(make_principal(Person(id="x", groups=(group,)), "s-x", "session"))


async def details(stage: Stage, admin: Viewer, count: int = 25, text: str = "method:tools/call") -> list[CallDetail]:
    """Some calls as they lie in the log."""
    page = await stage.room.rows(admin, stage.room.query(admin, Question(text=text)), None, count)
    found = [await stage.room.show(admin, row.call_id) for row in page.rows]
    return [one for one in found if one is not None]


def with_others(detail: CallDetail) -> CallDetail:
    """The same call with other values in everything that an administrator does not see."""
    other: dict[str, Any] = {
        "decision": Decision(effect="blocked", rule="other", bundle="0" * 16, matched=("a", "b")),
        "findings": (Finding(detector="d", type="t", severity="high", part="arguments", action="logged", pointer="/x", fingerprint="f"),),
    }
    opening = detail.opening
    body = opening.body
    assert isinstance(body, CallStarted)
    actor = replace(body.actor, subject="elsewhere", kind="service", auth="oauth", token="tok_other")
    trace, credential = replace(body.trace, id="f" * 32), Credential(id="x", kind="y", owner="z")
    more = {"actor": actor, "trace": trace, "credential": credential, "session": "other", "request_id": '"other"'}
    opened = replace(
        opening, body=replace(body, **other, **more), parts={"arguments": b'{"other":1}', "identity": b"{}"}, leaf="00", core=b"{}"
    )
    outcome = detail.outcome
    if outcome is not None and isinstance(outcome.body, CallFinished):
        request = ApiRequest(method="GET", host="other.example", path="/")
        outcome = replace(outcome, body=replace(outcome.body, **other, api_requests=(request, request)), parts={"response": b"other"}, leaf="00", core=b"{}")  # fmt: skip
    hidden: dict[str, Any] = {"person": "x", "email": "y", "name": "z", "ip": "q", "effect": "blocked", "rules": ("r",), "returned": 9, "bytes_in": 1, "bytes_out": 2, "credential": "c", "fingerprints": ("f",), "api_hosts": ("h",)}  # fmt: skip
    return replace(detail, row=replace(detail.row, **hidden), opening=opened, outcome=outcome)


async def test_a_call_with_other_hidden_values_looks_the_same(stage: Stage, admin: Viewer) -> None:
    """Records, payloads, lost ones, hashes: the answer to an administrator is equal byte for byte."""
    seen = access(stage, "admins")
    compared = 0
    for detail in await details(stage, admin):
        if isinstance(detail.opening.body, CallStarted) and detail.outcome is not None:
            one, other = seen_detail(detail, seen), seen_detail(with_others(detail), seen)
            assert msgspec.json.encode(one) == msgspec.json.encode(other)
            compared += 1
    assert compared > 5


@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_hides_is_nowhere_in_a_call(stage: Stage, admin: Viewer, role: str) -> None:
    """Neither in the row nor in records, parts or the form of their cores; what it shows is there."""
    seen = access(stage, ROLES[role])
    for detail in await details(stage, admin, 8):
        if not seen.lists(detail.row.subject):
            continue
        found = seen_detail(detail, seen)
        hidden = set(seen.hidden(detail.row.subject))
        text = msgspec.json.encode(found).decode() + "".join(record.core.decode() for record in found.records)
        assert ("identity" in hidden) is (detail.row.subject not in text)
        assert ("evidence" in hidden) is (detail.opening.leaf not in text)
        assert ("arguments" in hidden) is ("arguments" not in found.opening.parts)
        assert found.row.connector == detail.row.connector and found.row.status == detail.row.status
        assert set(hidden_of(found.row)) == hidden and hidden <= set(GROUPS)
        if role == "it_support":
            assert not found.row.tool and not found.row.duration_us and '"tools/call"' not in text


async def test_who_sees_everything_gets_the_very_same(stage: Stage, admin: Viewer) -> None:
    """Nothing is copied."""
    seen = access(stage, "security")
    for detail in await details(stage, admin, 3):
        assert seen_detail(detail, seen) is detail and seen_row(detail.row, seen) is detail.row


async def test_messages_in_between_need_both_payloads(stage: Stage, admin: Viewer) -> None:
    """They go both ways; without both there are none."""
    planned = replace(build(PEOPLE[0], stage.vault.subject(PEOPLE[0].id), Case(), 41_000, stage.dice), notifications=(b'{"progress":1}',))
    id = stage.play(planned)
    await stage.settled()
    found = await details(stage, admin, 1, f"call:{id}")
    assert len(found[0].messages) == 1
    assert found and all(seen_detail(one, access(stage, "auditors")).messages == () for one in found)
