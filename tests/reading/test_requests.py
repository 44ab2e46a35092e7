"""What waits and what is asked for: found in the book, shown to those who may decide, decided once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gatebook.gateway.approving import fitting
from gatebook.reading.decisions import ApproveOrder, DecisionRefused, GrantOrder
from gatebook.reading.viewer import Viewer
from gatebook.state.approvals import ARGUMENTS_KEY
from tests.console.stage import ADMIN, Stage
from tests.console.waiting import deny, govern, pend, person
from tests.reading.conftest import viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
AMARA, LUCAS, PRIYA, HANNAH, TOMASZ = map(person, ("amara", "lucas", "priya", "hannah", "tomasz"))


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def governed(stage: Stage) -> AsyncIterator[None]:
    """The policies of the stage."""
    await govern(stage)
    yield


async def ids(stage: Stage, viewer: Viewer) -> list[str]:
    """The calls that a viewer is shown as waiting."""
    await stage.settled()
    return [one.call.call for one in await stage.requests.waiting(viewer)]


async def test_those_who_may_decide_and_the_one_who_asked_see_what_waits(stage: Stage, admin: Viewer) -> None:
    """Administrators, the approvers of all and of the policy, and the person; to anybody else it is as if there were none."""
    call, paid = pend(stage, AMARA, {"segment": "emea"}), pend(stage, LUCAS, {"amount": 9}, tool="pay_invoice")
    assert await ids(stage, admin) == await ids(stage, viewer_of(stage, HANNAH.id)) == [paid, call]
    assert await ids(stage, viewer_of(stage, PRIYA.id)) == await ids(stage, viewer_of(stage, AMARA.id)) == [call]
    assert await ids(stage, viewer_of(stage, TOMASZ.id)) == []
    (mine,) = await stage.requests.waiting(viewer_of(stage, AMARA.id))
    assert mine.own and not mine.may_decide and mine.approvers == ("security", "legal")
    with pytest.raises(DecisionRefused) as missing:
        await stage.requests.call(viewer_of(stage, TOMASZ.id), call)
    assert missing.value.kind == "missing"


async def test_reading_what_waits_is_on_the_record_with_its_payloads(stage: Stage, admin: Viewer) -> None:
    """The list names how many calls were shown, the page the call."""
    call = pend(stage, AMARA, {"segment": "read"})
    before = len(await stage.reads())
    shown = len(await ids(stage, admin))
    await stage.requests.call(admin, call)
    listed, one = (await stage.reads())[before:]
    assert (listed["action"], listed["payloads"], listed["rows"]) == ("search", True, shown) and "decision:pending" in listed["query"]
    assert (one["action"], one["payloads"], one["query"]) == ("show", True, call)


async def test_equal_calls_are_one_and_decided_together(stage: Stage, admin: Viewer) -> None:
    """The newest stands for all, whatever the order of keys; a decision takes all of them away, and none is decided again."""
    first = pend(stage, LUCAS, {"a": 1, "b": 2}, ago_us=90_000_000)
    again = pend(stage, LUCAS, {"b": 2, "a": 1}, ago_us=50_000_000)
    other = pend(stage, LUCAS, {"a": 1, "b": 3}, ago_us=40_000_000)
    await stage.settled()
    found = {one.call.call: one for one in await stage.requests.waiting(admin)}
    assert first not in found and found[again].repeats == 1 and found[other].repeats == 0
    await stage.requests.approve(admin, again, ApproveOrder())
    left = await ids(stage, admin)
    assert other in left and not {first, again} & set(left)
    with pytest.raises(DecisionRefused, match="this call was approved already, by"):
        await stage.requests.decline(admin, first, "no")
    assert (await stage.requests.call(admin, first)).state == "approved"


async def test_what_is_approved_is_what_the_gateway_lets_through(stage: Stage) -> None:
    """The approval fits these arguments under the gateway's key, and no others; it is for the policies of the approver alone."""
    call = pend(stage, AMARA, {"segment": "fits", "limit": 10})
    await stage.settled()
    made = await stage.requests.approve(viewer_of(stage, PRIYA.id), call, ApproveOrder(reason="agreed by phone"))
    key = stage.vault.derive(ARGUMENTS_KEY)
    given = [one for one in stage.store.snapshot().approvals if one.call == call]
    assert fitting(given, key, b'{"limit": 10, "segment": "fits"}', made.decided_us) == given
    assert fitting(given, key, b'{"limit": 11, "segment": "fits"}', made.decided_us) == []
    assert (made.person, made.connector, made.tool, made.rules) == (AMARA.id, "crm", "export_contacts", ("ask-before-export",))
    assert (made.decided_by, made.reason, made.single_use) == (PRIYA.id, "agreed by phone", True)


async def test_a_call_of_more_than_seven_days_ago_is_not_decided(stage: Stage, admin: Viewer) -> None:
    """It is not in the list, says that it is too old, and cannot be approved."""
    call = pend(stage, AMARA, {"segment": "old"}, ago_us=8 * 86_400_000_000)
    assert call not in await ids(stage, admin)
    assert (await stage.requests.call(admin, call)).state == "too_old"
    with pytest.raises(DecisionRefused, match="older than 7 days"):
        await stage.requests.approve(admin, call, ApproveOrder())


async def test_only_what_may_be_asked_for_can_be_asked_for(stage: Stage, admin: Viewer) -> None:
    """A policy that is requestable, or nothing that allows it; not a policy that is neither, and not a call that waits or that somebody else made."""
    allowed = [deny(stage, AMARA), deny(stage, LUCAS, "default-deny")]
    refused = [deny(stage, AMARA, "never-drop", "drop_table"), pend(stage, AMARA, {"segment": "ask"})]
    await stage.settled()
    for call in refused:
        with pytest.raises(DecisionRefused) as missing:
            await stage.requests.denied(admin, call)
        assert missing.value.kind == "missing"
    with pytest.raises(DecisionRefused):
        await stage.requests.denied(viewer_of(stage, LUCAS.id), allowed[0])
    assert (await stage.requests.denied(viewer_of(stage, AMARA.id), allowed[0])).may_ask
    asked = await stage.requests.ask_access(viewer_of(stage, AMARA.id), allowed[0], "the customer asked to be deleted")
    assert (asked.request.rules, asked.request.person, asked.own) == (("no-deletions",), AMARA.id, True)
    assert not (await stage.requests.denied(viewer_of(stage, AMARA.id), allowed[0])).may_ask
    open_to_all = await stage.requests.ask_access(admin, allowed[1], "for Lucas")
    assert (open_to_all.request.rules, open_to_all.request.person) == ((), LUCAS.id)


async def test_a_request_is_seen_and_decided_by_those_who_may(stage: Stage) -> None:
    """An approver of the policy sees it and grants it; what denied everything is for the approvers of all."""
    tomasz, hannah, kenji = (viewer_of(stage, one) for one in (TOMASZ.id, HANNAH.id, "kenji@northwind.example"))
    by_policy = next(one for one in await stage.requests.requests(tomasz) if one.may_decide)
    assert by_policy.request.rules == ("no-deletions",) and len(await stage.requests.requests(tomasz)) == 1
    assert {one.request.rules for one in await stage.requests.requests(hannah)} == {("no-deletions",), ()}
    assert await stage.requests.requests(kenji) == []
    granted = await stage.requests.grant(tomasz, by_policy.request.id, GrantOrder(hours=1))
    assert granted.request.state == "granted" and not granted.over
    assert [one.id for one in stage.store.snapshot().grants] == [granted.request.id]
    ended = await stage.requests.close(tomasz, granted.request.id, "revoked", "done")
    assert ended.request.state == "revoked" and stage.store.snapshot().grants == ()
    for viewer in (kenji, viewer_of(stage, LUCAS.id)):
        with pytest.raises(DecisionRefused, match="no such request"):
            await stage.requests.request(viewer, granted.request.id)


async def test_the_last_decisions_are_shown_to_those_they_concern(stage: Stage, admin: Viewer) -> None:
    """An administrator sees all of them, the others what they decided and what was decided about them."""
    everything = await stage.requests.decided(admin)
    priya = await stage.requests.decided(viewer_of(stage, LUCAS.id))
    assert {one.decided_by for one in everything} >= {ADMIN, PRIYA.id}
    assert priya and all(one.person == LUCAS.id for one in priya) and len(priya) < len(everything)
