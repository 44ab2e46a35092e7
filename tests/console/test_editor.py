"""The editor over HTTP: what it opens with, what it checks, what it tries, what it puts in force, and what it refuses."""

import asyncio
import html
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.console.drafting import EXAMPLES
from tests.console.conftest import signed_in
from tests.console.ruling import EDITED, apply, ask_for_two, rule
from tests.console.stage import AUDITOR, Stage
from tests.console.test_rules import version_of
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")
WIDER = EDITED.replace("delete_*,", "delete_*, drop_*,")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def ruled(stage: Stage) -> None:
    """Policies and guardrails with a history and hits."""
    await rule(stage)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def auditor(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The console of somebody who reads everything and decides nothing."""
    async with signed_in(stage, AUDITOR) as client:
        yield client


def field_of(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def text_of(page: str) -> str:
    """What stands in the textarea."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


async def replayed(client: httpx2.AsyncClient, id: str) -> str:
    """The page of a replay once it has ended."""
    for _ in range(200):
        page = (await client.get(f"/changes/replays/{id}")).text
        if "data-running" not in page:
            return page
        await asyncio.sleep(0.05)
    raise AssertionError("the replay did not end")


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
async def test_a_new_one_begins_with_an_example_that_is_valid(admin: httpx2.AsyncClient, kind: str) -> None:
    """The example with its comments, checked at once, and nothing wrong with it."""
    page = (await admin.get(f"/changes/new?kind={kind}&name=")).text
    assert text_of(page) == EXAMPLES[kind] and ("mode: observe" in EXAMPLES[kind]) is (kind in ("Policy", "Guardrail"))
    assert "Valid: 1 change" in page and 'class="faults problems"' not in page
    assert ("Try it on past calls" in page) is (kind == "Policy")


async def test_it_opens_with_what_is_in_force_or_a_version_before(admin: httpx2.AsyncClient) -> None:
    """Editing begins with the YAML in force; rolling back with that of the version, its reason, and the difference."""
    page = (await admin.get("/changes/new?kind=Policy&name=no-deletions")).text
    assert "- purge_*" in text_of(page) and "Nothing is different" in page and field_of(page, "bases") == '{"Policy/no-deletions":2}'
    back = (await admin.get("/changes/new?kind=Policy&name=no-deletions&version=1&reason=Too+much")).text
    assert "purge_*" not in text_of(back) and 'value="Too much"' in back
    assert re.search(r"<del><b>-</b> +- purge_\*</del>", back) and field_of(back, "bases") == '{"Policy/no-deletions":2}'


@pytest.mark.parametrize("query", ["kind=Policy&name=nothing", "kind=Policy&name=no-deletions&version=9", "kind=Policy&name=no-deletions&version=x", "kind=Detector&name=..%2f"])  # fmt: skip
async def test_what_is_not_there_is_not_edited(admin: httpx2.AsyncClient, query: str) -> None:
    """404 with the way back."""
    assert (await admin.get(f"/changes/new?{query}")).status_code == 404


async def test_a_mistake_is_named_with_its_line(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """As a fragment while one types, as the page without scripts; the text is kept, and nothing is stored."""
    text = WIDER.replace("effect: deny", "effect: denny")
    data = await form(admin, text=text, kind="Policy", name="no-deletions")
    fragment = await admin.post("/changes/check", data=data, headers={"x-fragment": "check"})
    assert fragment.headers["x-fragment"] == "check" and fragment.text.startswith("<section id=")
    line = text[: text.index("denny")].count("\n") + 1
    assert f'data-line="{line}">Line {line}</a>' in fragment.text and "did you mean &#39;deny&#39;?" in fragment.text
    page = (await admin.post("/changes/check", data=data)).text
    assert text_of(page) == text and f'data-line="{line}"' in page
    made = await admin.post("/changes", data={**data, "reason": "wider"})
    assert made.status_code == 400 and "Nothing was changed" in made.text and text_of(made.text) == text
    assert version_of(stage, "Policy", "no-deletions") == 2


async def test_hostile_text_stays_text(admin: httpx2.AsyncClient) -> None:
    """Markup is escaped and what nobody could see is written out, in problems and in differences."""
    text = 'kind: Policy\nname: odd\nspec: {effect: deny, reason: "</textarea><script>x</script>\\u202e"}\n'
    page = (await admin.post("/changes/new", data=await form(admin, text=text))).text
    assert "<script>x" not in page and "\u202e" not in page and "&lt;U+202E&gt;" in page
    broken = (await admin.post("/changes/check", data=await form(admin, text="kind: <img src=x>\nname: y"))).text
    assert "<img" not in broken and "unknown kind" in broken


async def test_a_draft_of_another_page_is_only_shown(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """It fills the editor with text and reason; a form of another site does not."""
    data = await form(admin, text=WIDER, reason="as suggested")
    page = await admin.post("/changes/new", data=data)
    assert page.status_code == 200 and text_of(page.text) == WIDER and 'value="as suggested"' in page.text
    assert "Edit policy no-deletions" in page.text and field_of(page.text, "bases") == '{"Policy/no-deletions":2}'
    pack = "kind: ToolPack\nname: exports\nspec: {tools: {crm: [export_*]}}\n"
    assert "New tool pack" in (await admin.post("/changes/new", data={**data, "text": pack})).text
    assert (await admin.post("/changes/new", data={**data, "csrf": "0" * 64})).status_code == 400
    assert version_of(stage, "Policy", "no-deletions") == 2


async def test_a_draft_is_tried_on_past_calls(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """How many calls would change, from what to what, by whom and which tool, with ways to the calls; nothing is stored."""
    text = "kind: Policy\nname: no-searches\nspec: {effect: deny, selector: {tools: [search_customers]}, reason: No.}\n"
    data = await form(admin, text=text, days="30")
    begun = await admin.post("/changes/replays", data=data, headers={"x-fragment": "replay"})
    assert begun.headers["x-fragment"] == "replay"
    page = await replayed(admin, field_of(begun.text, "replay"))
    found = re.search(r"<b>(\d+) of (\d+) calls would be decided otherwise", page)
    assert found and 0 < int(found[1]) < int(found[2])
    assert "Allowed" in page and "Blocked" in page and "crm / search_customers" in page and 'href="/calls/' in page
    assert "/?q=connector%3Acrm+tool%3Asearch_customers+method%3Atools%2Fcall&amp;from=" in page
    assert "no-searches" not in stage.store.snapshot().rules.policies
    reading = [record for record in await stage.reads() if record["payloads"] and "tools/call" in record["query"]]
    assert reading, "a replay reads arguments, so it is on the record"


async def test_without_scripts_the_editor_keeps_text_and_replay(admin: httpx2.AsyncClient) -> None:
    """The page answers with the text, where the replay is looked at, and says when it is about an earlier draft."""
    data = await form(admin, text=WIDER, kind="Policy", name="no-deletions")
    begun = (await admin.post("/changes/replays", data=data)).text
    assert text_of(begun) == WIDER and "Look how far it is" in begun
    assert (await admin.get(f"/changes/replays/{field_of(begun, 'replay')}")).status_code == 200
    more = {**data, "replay": field_of(begun, "replay"), "of": field_of(begun, "of")}
    assert re.search(r'id="earlier"[^>]* hidden>', (await admin.post("/changes/check", data=more)).text)
    later = (await admin.post("/changes/check", data={**more, "text": WIDER + "# more"})).text
    assert re.search(r'id="earlier" class="is-failed">', later)


async def test_a_draft_that_is_not_valid_is_not_tried(admin: httpx2.AsyncClient) -> None:
    """It says so, and what is wrong stands in the check."""
    answer = await admin.post("/changes/replays", data=await form(admin, text="kind: Polcy"), headers={"x-fragment": "replay"})
    assert "has to be valid" in answer.text and "data-running" not in answer.text
    assert (await admin.post("/changes/replays", data=await form(admin, text="kind: Polcy"))).status_code == 409


async def test_replays_are_for_whoever_began_them(admin: httpx2.AsyncClient, auditor: httpx2.AsyncClient) -> None:
    """An unknown id and one of somebody else cannot be told apart."""
    assert (await admin.get("/changes/replays/0123456789abcdef")).status_code == 404
    assert (await auditor.get("/changes/replays/0123456789abcdef")).status_code == 403


async def test_it_is_put_in_force_with_a_reason_and_rolled_back(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The list shows it, the history names author and reason, and a version before is put in force by the same way."""
    page = (await admin.get("/changes/new?kind=Policy&name=no-deletions")).text
    data = await form(admin, text=WIDER.replace("\n", "\r\n"), kind="Policy", name="no-deletions", bases=field_of(page, "bases"))
    assert (await admin.post("/changes", data=data)).status_code == 400
    done = await admin.post("/changes", data={**data, "reason": "Dropping is deleting"})
    assert done.status_code == 303 and done.headers["location"] == "/policies/no-deletions"
    shown = (await admin.get("/policies/no-deletions")).text
    assert "drop_*" in shown and "Dropping is deleting" in shown and "admin@northwind.example" in shown
    record = (await stage.records("changes"))[-1]
    assert (record["kind"], record["name"], record["reason"]) == ("Policy", "no-deletions", "Dropping is deleting")
    again = await admin.post("/changes", data={**data, "bases": "{}", "reason": "again"})
    assert again.status_code == 409 and "Nothing is different" in again.text
    back = (await admin.get("/changes/new?kind=Policy&name=no-deletions&version=2")).text
    undo = await form(admin, text=text_of(back), kind="Policy", name="no-deletions", bases=field_of(back, "bases"), reason="Too wide")
    assert (await admin.post("/changes", data=undo)).status_code == 303
    assert stage.store.snapshot().rules.policies["no-deletions"].selector.tools == ("delete_*", "purge_*")


async def test_how_ai_clients_may_sign_in_is_set_here(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """From the page of AI clients: the rules in force open, are checked, and hold at once; a mistake is named with its line."""
    listed = (await admin.get("/clients")).text
    address = html.unescape(re.search(r'href="(/changes/new[^"]*AiClients[^"]*)"', listed)[1])  # type: ignore[index]
    page = (await admin.get(address)).text
    assert "registrations_per_hour: 20" in text_of(page) and "Edit AI client rules default" in page
    data = await form(admin, text=text_of(page).replace("registration: true", "registration: false"), kind="AiClients", name="default")
    wrong = await admin.post("/changes/check", data={**data, "text": data["text"].replace(": 15", ": 900")})
    assert "access_minutes" in wrong.text and "60" in wrong.text
    done = await admin.post("/changes", data={**data, "bases": field_of(page, "bases"), "reason": "Only what we know"})
    assert (done.status_code, done.headers["location"]) == (303, "/clients")
    assert "Apps may not register themselves" in (await admin.get("/clients")).text
    assert (await stage.records("changes"))[-1]["kind"] == "AiClients"
    assert "registration: false" in text_of((await admin.get(address)).text)


@pytest.mark.parametrize(("kind", "place"), [("IdentityProvider", "/changes"), ("Role", "/roles")])
async def test_every_kind_opens_with_an_example(admin: httpx2.AsyncClient, kind: str, place: str) -> None:
    """And leads back to where it is listed."""
    page = (await admin.get(f"/changes/new?kind={kind}")).text
    assert f"kind: {kind}" in text_of(page) and f'href="{place}"' in page


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The text is kept, the page says who was overtaken by what, and one may go on from what is in force now."""
    page = (await admin.get("/changes/new?kind=Policy&name=no-deletions")).text
    data = await form(admin, text=WIDER, kind="Policy", name="no-deletions", bases=field_of(page, "bases"), reason="wider")
    await apply(stage, EDITED.replace("AI clients", "AI apps"), "in between")
    late = await admin.post("/changes", data=data)
    assert late.status_code == 409 and text_of(late.text) == WIDER and "Somebody else has changed Policy no-deletions" in late.text
    assert 'value="wider"' in late.text and field_of(late.text, "bases") == field_of(page, "bases")
    newer = (await admin.post("/changes/check", data={**data, "rebase": "1"})).text
    assert "Somebody else has changed" not in newer and field_of(newer, "bases") != field_of(page, "bases")
    assert re.search(r"<del><b>-</b> +reason: Nothing is deleted by AI apps", newer)
    assert (await admin.post("/changes", data={**data, "bases": field_of(newer, "bases")})).status_code == 303


async def test_one_is_deleted_after_a_look(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """What would go is shown line by line; afterwards the page says that it was deleted, and a version of it comes back."""
    page = (await admin.get("/changes/new?kind=Policy&name=wide-searches&delete=1")).text
    assert "Delete policy wide-searches" in page and "<textarea" not in page and "<del><b>-</b>name: wide-searches</del>" in page
    data = await form(admin, text="", deleted=field_of(page, "deleted"), bases=field_of(page, "bases"), kind="Policy", reason="Not used")
    gone = await admin.post("/changes", data=data)
    assert gone.status_code == 303 and gone.headers["location"] == "/policies"
    assert "wide-searches" not in stage.store.snapshot().rules.policies
    assert "It was deleted" in (await admin.get("/policies/wide-searches")).text
    back = (await admin.get("/changes/new?kind=Policy&name=wide-searches&version=1")).text
    again = await form(admin, text=text_of(back), bases=field_of(back, "bases"), kind="Policy", reason="Needed after all")
    assert (await admin.post("/changes", data=again)).status_code == 303
    assert "wide-searches" in stage.store.snapshot().rules.policies


async def test_it_is_proposed_where_a_second_person_is_asked_for(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The button says so before, and the change waits."""
    await ask_for_two(stage, True)
    try:
        page = (await admin.get("/changes/new?kind=Policy&name=ask-before-export")).text
        assert ">Propose</button>" in page
        text = text_of(page).replace("looked at first", "looked at before")
        made = await admin.post("/changes", data=await form(admin, text=text, bases=field_of(page, "bases"), reason="Clearer"))
        assert made.status_code == 303 and made.headers["location"].startswith("/changes/chg_")
        assert version_of(stage, "Policy", "ask-before-export") == 1
    finally:
        await ask_for_two(stage, False)


async def test_only_administrators_have_an_editor(auditor: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage) -> None:
    """Opening, checking, trying and making: 403 with who may, for readers and for everybody else."""
    before = version_of(stage, "Policy", "no-deletions")
    for client in (auditor, employee):
        assert (await client.get("/changes/new?kind=Policy&name=")).status_code == 403
        for path in ("/changes/new", "/changes/check", "/changes/replays", "/changes"):
            answer = await client.post(path, data=await form(client, text=EDITED, reason="x"))
            assert answer.status_code == 403 and "admins" in answer.text, path
    assert version_of(stage, "Policy", "no-deletions") == before


async def test_forms_that_are_not_ours_make_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """No token, another origin, a body beyond the limit, hidden fields that cannot be read."""
    before = version_of(stage, "Policy", "no-deletions")
    good = await form(admin, text=EDITED, reason="x")
    for data, headers in (
        ({**good, "csrf": ""}, {}),
        (good, {"origin": "https://evil.example"}),
        ({**good, "text": "#" * 1_100_000}, {}),
    ):
        assert (await admin.post("/changes", data=data, headers=headers)).status_code == 400
    assert version_of(stage, "Policy", "no-deletions") == before
    odd = await admin.post("/changes/check", data={**good, "bases": '{"a": []}', "days": "x", "kind": "Nothing", "deleted": "//,"})
    assert odd.status_code == 200
