"""Sessions on the page of a person, and the forms that end them."""

import pytest

from gatebook.console.session import csrf_token
from gatebook.console.sessions import browser_words
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_administrators_see_and_end_sessions_of_others(stage: Stage) -> None:
    """With browser and time, as text; the other is signed out."""
    async with signed_in(stage, ADMIN) as admin, signed_in(stage, EMPLOYEE) as other:
        text = (await admin.get(f"/people/{EMPLOYEE}")).text
        assert "Console sessions" in text and "One-time link" in text
        form = {"csrf": csrf_token(admin.cookies["gatebook"])}
        answer = await admin.post(f"/people/{EMPLOYEE}/sessions/end", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/people/{EMPLOYEE}#sessions")
        assert (await other.get("/")).status_code == 303
    record = (await stage.records("sign-ins"))[-1]
    assert (record["type"], record["cause"], record["owner"]) == ("auth.signed_out", "ended", stage.vault.subject(EMPLOYEE))


async def test_everybody_ends_their_own_and_nobody_else_those_of_others(stage: Stage) -> None:
    """An auditor reads the page of others without their sessions, and ends none; nor does an employee."""
    async with signed_in(stage, EMPLOYEE) as one, signed_in(stage, EMPLOYEE) as two:
        form = {"csrf": csrf_token(one.cookies["gatebook"])}
        assert (await one.post(f"/people/{ADMIN}/sessions/end", data=form)).status_code == 403
        id = stage.desk.sessions.id_of(two.cookies["gatebook"])
        assert (await one.post("/people/me/sessions/end", data={**form, "session": id})).status_code == 303
        assert (await two.get("/")).status_code == 303 and (await one.get("/people/me")).status_code == 200
    async with signed_in(stage, "priya@northwind.example") as auditor:
        assert "Console sessions" not in (await auditor.get(f"/people/{EMPLOYEE}")).text


@pytest.mark.parametrize("form", [{}, {"csrf": "0" * 64}, {"session": "x' OR 1=1"}])
async def test_forged_and_odd_forms_end_nothing(stage: Stage, form: dict[str, str]) -> None:
    """No token, a wrong one, an id that is none, and another site."""
    async with signed_in(stage, EMPLOYEE) as client:
        good = {"csrf": csrf_token(client.cookies["gatebook"])}
        sent = {**good, **form} if "session" in form else form
        assert (await client.post("/people/me/sessions/end", data=sent)).status_code == 400
        foreign = {"origin": "https://evil.example"}
        assert (await client.post("/people/me/sessions/end", data=good, headers=foreign)).status_code == 400
        assert (await client.get("/people/me")).status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 Edg/156.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605 Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("<script>alert(1)</script>", "Not known"),
        ("", "Not known"),
        ("Thing (Linux)", "A browser on Linux"),
    ],
)
async def test_browsers_are_called_as_people_call_them(agent: str, words: str) -> None:
    """What says nothing known is not repeated."""
    assert browser_words(agent) == words
