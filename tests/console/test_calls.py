"""The page of one call, and its proof."""

import html

import httpx2
import pytest

from gatebook.record.parts import ApiRequest
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, REDACTED_RULE, Case, found

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def page_of(admin: httpx2.AsyncClient, stage: Stage, case: Case, *, finish: bool = True) -> str:
    """Record a call and open its page."""
    id = stage.call(PEOPLE[0], case, finish=finish)
    await stage.settled()
    return html.unescape((await admin.get(f"/calls/{id}")).text)


async def test_a_call_is_told_in_one_sentence(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Who, with which app, asked what of whom, and how it ended."""
    ok = await page_of(admin, stage, Case())
    assert "Amara Okafor's Claude Desktop asked crm to run search_customers; an answer of" in ok
    blocked = await page_of(admin, stage, Case(tool="export_contacts", end="blocked"))
    assert "rule connector/crm:tools.deny[export_*] blocked it: The tool export_contacts of the connector crm is denied." in blocked
    running = await page_of(admin, stage, Case(), finish=False)
    assert "it has not been answered yet." in running and "No outcome is recorded yet" in running
    timeout = await page_of(admin, stage, Case(end="timeout"))
    assert "no answer came within 42 ms" in timeout


async def test_the_parts_of_a_call_are_there(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Arguments, response, decision, timing, messages, proof and raw records."""
    text = await page_of(admin, stage, Case(tool="export_contacts", result="line one\nline two"))
    for part in ("overview", "arguments", "response", "decision", "timing", "messages", "proof", "raw"):
        assert f'<section id="{part}">' in text
    assert "line one\nline two" in text and "notifications/progress" in text
    assert "connector/crm:allow.groups[everyone]" in text and "Waiting for the log" in text


async def test_verify_runs_the_real_proof(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The answer names tree, leaves and signature; before the next checkpoint it says that it waits."""
    id = stage.call(PEOPLE[0], Case())
    await stage.settled()
    text = (await admin.get(f"/calls/{id}?verify=1")).text
    assert "Both records are in the tree of" in text and "its signature holds" in text
    fresh = stage.call(PEOPLE[0], Case())
    await stage.settled(seal=False)
    fragment = await admin.get(f"/calls/{fresh}?verify=1", headers={"x-fragment": "proof"})
    assert fragment.headers["x-fragment"] == "proof" and "Not sealed yet" in fragment.text


async def test_verify_finds_a_changed_record(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """One changed byte in the log, with a checksum to match, and the proof fails."""
    from gatebook.log.frames import encode_frame

    id = stage.call(PEOPLE[0], Case(params={"name": "tampered"}))
    await stage.settled()
    assert stage.index is not None
    row = stage.index.call(id)
    assert row is not None
    segment = next((stage.settings.log_dir / "node1-w0").glob("*.seg"))
    data = bytearray(segment.read_bytes())
    from gatebook.log.frames import Frame, parse_frame

    frame = parse_frame(bytes(data), row.started_offset)
    assert isinstance(frame, Frame)
    whole = bytes(data[row.started_offset : frame.end])
    batch = int.from_bytes(whole[16:24], "little")
    changed = encode_frame(frame.core.replace(b'"tool":"search_customers"', b'"tool":"search_customerz"'), frame.payload, batch)
    assert len(changed) == len(whole) and changed != whole
    data[row.started_offset : frame.end] = changed
    segment.write_bytes(bytes(data))
    try:
        text = (await admin.get(f"/calls/{id}?verify=1")).text
        assert "The proof fails" in text and "Verified" not in text
    finally:
        data[row.started_offset : frame.end] = whole
        segment.write_bytes(bytes(data))


async def test_a_foreign_call_looks_like_none(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """The page for somebody else's call is that for no call."""
    id = stage.call(PEOPLE[1], Case())
    await stage.settled()
    foreign = await employee.get(f"/calls/{id}")
    nothing = await employee.get("/calls/00000000-0000-7000-8000-000000000000")
    assert foreign.status_code == nothing.status_code == 404
    assert "No such call" in foreign.text and "No such call" in nothing.text and "Jonas" not in foreign.text


async def test_what_happened_around_a_call_is_told(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The session as a story with this call marked; alone as a fragment; without scripts by a link."""
    ids = [stage.call(PEOPLE[6], Case(session="ses_story", tool=f"step_{number}"), (9 - number) * 1_000_000) for number in range(3)]
    await stage.settled()
    page = (await admin.get(f"/calls/{ids[1]}")).text
    assert f'href="/calls/{ids[1]}?context=1#context"' in page and "step_2" not in page
    whole = html.unescape((await admin.get(f"/calls/{ids[1]}?context=1")).text)
    story = whole.partition('<ol class="story"')[2].partition("</ol>")[0]
    assert story.index("step_0") < story.index("step_1") < story.index("step_2")
    assert '<li class="here" aria-current="true"><span class="when">this call</span>' in story and "−1.0 s" in story and "+1.0 s" in story
    fragment = await admin.get(f"/calls/{ids[1]}", headers={"x-fragment": "context"})
    assert fragment.headers["x-fragment"] == "context" and "2 other calls of the same session" in fragment.text
    alone = stage.call(PEOPLE[6], Case(session="ses_alone"))
    await stage.settled()
    assert "No other call of the same session" in (await admin.get(f"/calls/{alone}?context=1")).text


async def test_the_context_of_a_foreign_call_looks_like_none(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """Also as a fragment."""
    id = stage.call(PEOPLE[1], Case())
    await stage.settled()
    answer = await employee.get(f"/calls/{id}", headers={"x-fragment": "context"})
    assert answer.status_code == 404 and "x-fragment" not in answer.headers


async def test_findings_requests_and_both_decisions_are_shown(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Redactions are marked with rule and type, API requests drawn; without any it says so."""
    request = ApiRequest(method="GET", host="api.crm.example", path="/v2/contacts", status=429, started_us=900, duration_us=4000)
    case = Case(result={"iban": "[redacted:iban]"}, redacted=True, findings=(found("iban", 4, action="redacted"),), api_requests=(request,))
    text = await page_of(admin, stage, case)
    assert f'<mark class="gone" title="iban, redacted by rule {REDACTED_RULE}">[redacted:iban]</mark>' in text
    assert "The same value elsewhere" in text and "On the response" in text and "matched and decided" in text
    assert "/v2/contacts" in text and "t-failed" in text
    assert "This connector does not say which requests it makes" in await page_of(admin, stage, Case())


async def test_from_a_call_one_goes_on(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Each value can be asked for or excluded; similar calls, investigations and commands are at hand."""
    text = await page_of(admin, stage, Case(tool="export_contacts", end="blocked", session="ses_onward"))
    assert 'data-term="tool:export_contacts"' in text and 'data-term="-tool:export_contacts"' in text
    assert 'href="/?q=-tool%3Aexport_contacts&range=all"' in text
    for word in ("This tool, this person", "Decided by the same rule", "The same trace"):
        assert word in text
    assert "/investigate?start=person%3Aamara%40northwind.example&from=" in text and "/investigate?start=session%3Ases_onward" in text
    assert "gatebook search 'session:ses_onward'" in text and "gatebook show " in text
