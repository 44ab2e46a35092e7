"""Changes that wait for a second person over HTTP: listed, looked at, approved, declined, withdrawn; and by whom not."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.console.conftest import signed_in
from tests.console.ruling import EDITED, SECOND, apply, ask_for_two, enroll_second, rule
from tests.console.stage import AUDITOR, Stage
from tests.console.test_editor import field_of, replayed, text_of
from tests.console.test_rules import version_of
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def ruled(stage: Stage) -> None:
    """Policies, a second administrator, and a company that asks for both."""
    await rule(stage)
    await enroll_second(stage)
    await ask_for_two(stage, True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The console of another administrator."""
    async with signed_in(stage, SECOND) as client:
        yield client


async def proposed(client: httpx2.AsyncClient, reason: str, old: str = "delete_*", new: str = "wipe_*") -> str:
    """Propose to change one word of a policy; returns the address of the proposal."""
    page = (await client.get("/changes/new?kind=Policy&name=no-deletions")).text
    text = text_of(page).replace(old, new)
    made = await client.post("/changes", data=await form(client, text=text, bases=field_of(page, "bases"), reason=reason))
    assert made.status_code == 303, made.text
    return str(made.headers["location"])


async def test_a_proposal_is_approved_by_somebody_else(admin: httpx2.AsyncClient, second: httpx2.AsyncClient, stage: Stage) -> None:
    """It waits in the list with its difference; its author sees no way to approve it; then it is in force, with both in the history."""
    address = await proposed(admin, "Wiping is meant <b>")
    listed = (await second.get("/changes")).text
    assert "Wiping is meant &lt;b&gt;" in listed and ">Decide</a>" in listed and "<ins><b>+</b>" in listed
    assert "Decide</a>" not in (await admin.get("/changes")).text
    own = (await admin.get(address)).text
    assert "Another administrator has to approve it" in own and 'value="applied"' not in own
    refused = await admin.post(address, data=await form(admin, decision="applied", reason="quick"))
    assert refused.status_code == 403 and "of their own" in refused.text and 'value="quick"' in refused.text
    other = (await second.get(address)).text
    assert 'value="applied"' in other and "Valid: 1 change" in other and "Try it on past calls" in other
    done = await second.post(address, data=await form(second, decision="applied", reason="Looked at it"))
    assert done.status_code == 303 and done.headers["location"] == address
    assert stage.store.snapshot().rules.policies["no-deletions"].selector.tools == ("wipe_*", "purge_*")
    after = (await admin.get(address)).text
    assert "In force" in after and "Looked at it" in after and SECOND in after and "decide-title" not in after
    assert SECOND in (await admin.get("/policies/no-deletions")).text
    again = await second.post(address, data=await form(second, decision="declined", reason="late"))
    assert again.status_code == 409 and "already" in again.text


async def test_a_proposal_is_declined_or_withdrawn_with_a_reason(
    admin: httpx2.AsyncClient, second: httpx2.AsyncClient, stage: Stage
) -> None:
    """Nothing changes, and both stand among what was decided lately."""
    before = version_of(stage, "Policy", "no-deletions")
    declined, withdrawn = await proposed(admin, "one", "purge_*", "one_*"), await proposed(admin, "two", "purge_*", "two_*")
    without = await second.post(declined, data=await form(second, decision="declined", reason=" "))
    assert without.status_code == 409 and "reason" in without.text
    assert (await second.post(declined, data=await form(second, decision="declined", reason="Not now"))).status_code == 303
    assert (await admin.post(withdrawn, data=await form(admin, decision="withdrawn", reason="Thought again"))).status_code == 303
    page = (await admin.get("/changes")).text
    assert "Nothing waits" in page and "Not now" in page and "Thought again" in page and "Declined" in page and "Withdrawn" in page
    assert version_of(stage, "Policy", "no-deletions") == before


async def test_what_has_changed_since_cannot_be_approved(admin: httpx2.AsyncClient, second: httpx2.AsyncClient, stage: Stage) -> None:
    """The page says so and offers no approval; a form that was open before is refused."""
    address = await proposed(admin, "late", "purge_*", "late_*")
    await ask_for_two(stage, False)
    await apply(stage, EDITED, "in between")
    await ask_for_two(stage, True)
    page = (await second.get(address)).text
    assert "cannot be approved any more" in page and 'value="applied"' not in page
    refused = await second.post(address, data=await form(second, decision="applied", reason="x"))
    assert refused.status_code == 409 and "meanwhile" in refused.text
    assert (await admin.post(address, data=await form(admin, decision="withdrawn", reason="Overtaken"))).status_code == 303


async def test_a_proposal_is_tried_on_past_calls(admin: httpx2.AsyncClient, second: httpx2.AsyncClient) -> None:
    """From its own page, without scripts on a page of its own."""
    address = await proposed(admin, "searches too", "delete_*", "search_*")
    page = (await second.get(address)).text
    data = await form(second, text=field_of(page, "text"), deleted=field_of(page, "deleted"), alone="1", days="7")
    begun = await second.post("/changes/replays", data=data)
    assert begun.status_code == 303
    found = re.fullmatch(r"/changes/replays/(\w+)\?of=\w+", begun.headers["location"])
    assert found and "would be decided otherwise" in await replayed(second, found[1])
    await admin.post(address, data=await form(admin, decision="withdrawn", reason="Tried"))


async def test_a_guardrail_waits_as_policies_do(admin: httpx2.AsyncClient, second: httpx2.AsyncClient, stage: Stage) -> None:
    """Past decisions say nothing about it, so they are not offered; it is approved by the same form."""
    text = "kind: Guardrail\nname: no-keys\nspec: {detectors: [secret/*], action: log}\n"
    made = await admin.post("/changes", data=await form(admin, text=text, reason="Count them first"))
    page = (await second.get(made.headers["location"])).text
    assert "New: Guardrail no-keys" in page and "Try it on past calls" not in page
    done = await second.post(made.headers["location"], data=await form(second, decision="applied", reason="Yes"))
    assert done.status_code == 303 and "no-keys" in stage.store.snapshot().rules.guardrails


async def test_readers_look_and_do_not_decide(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """An auditor sees what waits, with its difference, and no form."""
    address = await proposed(admin, "for the auditor", "purge_*", "three_*")
    async with signed_in(stage, AUDITOR) as auditor:
        page = (await auditor.get(address)).text
        assert "three_*" in page and "Administrators decide about it" in page and f'action="{address}"' not in page
        assert (await auditor.post(address, data=await form(auditor, decision="applied", reason="x"))).status_code == 403
    await admin.post(address, data=await form(admin, decision="withdrawn", reason="Read"))


async def test_forms_that_are_not_ours_decide_nothing(admin: httpx2.AsyncClient, second: httpx2.AsyncClient, stage: Stage) -> None:
    """No token, another origin, another decision, another id."""
    address = await proposed(admin, "odd forms", "purge_*", "four_*")
    before = version_of(stage, "Policy", "no-deletions")
    good = await form(second, decision="applied", reason="x")
    for data, headers in (({**good, "csrf": ""}, {}), (good, {"origin": "https://evil.example"}), ({**good, "decision": "open"}, {})):
        assert (await second.post(address, data=data, headers=headers)).status_code == 400
    assert (await second.post("/changes/chg_000000000000", data=good)).status_code == 404
    assert (await second.get("/changes/chg_000000000000")).status_code == 404
    assert version_of(stage, "Policy", "no-deletions") == before
