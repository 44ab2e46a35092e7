"""What a role hides cannot be told from any answer: two books that differ in hidden values only answer alike, byte for byte."""

import asyncio
import contextlib
import os
import re
import statistics
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from urllib.parse import quote, urlencode

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import update

from gatebook.control.caller import local_caller
from gatebook.identity.directory import make_principal
from gatebook.identity.issuing import TokenOrder
from gatebook.query.groups import GROUPS
from gatebook.reading.pacing import STEP_S
from gatebook.state.documents import parse_documents
from gatebook.state.schema import people
from gatebook.state.store import bump
from tests.api.conftest import client_of
from tests.api.test_tail import tail
from tests.console.conftest import signed_in
from tests.console.stage import Stage
from tests.reading.twins import attempts, plain, rows, strangers
from tests.reading.work import counted

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHARE = int(os.environ.get("GATEBOOK_TWINS_SHARE", "10"))
"""One in so many attempts is made for each reader; 1 makes all of them, which takes minutes."""
AT_ONCE = 6
READERS = {
    "employee": (),
    "it_support": ("it-support",),
    "team_lead": ("team-leads",),
    "auditor": ("auditors",),
    "admin": ("admins",),
    "custom": ("desk",),
    "both": ("team-leads", "it-support"),
    "curious": ("prying",),
}
CUSTOM = """
kind: Role
name: desk
spec:
  grants: {metadata: team, arguments: team, upstream: own}
  fields: {tool: all, duration: all}
  groups: [desk]
---
kind: Role
name: prying
spec:
  grants: {metadata: all, responses: all, arguments: all, identity: all}
  groups: [prying]
  reason_required: true
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """People with one role each, who have somebody below them, and an empty index."""
    stage = Stage(tmp_path_factory.mktemp("twins"))
    try:
        caller = local_caller("root", stage.vault.subject)
        await stage.desk.apply(parse_documents(CUSTOM, "roles.yaml"), caller)
        for name, groups in {**READERS, "below": (), "lower": (), "other": ()}.items():
            order = TokenOrder(person=name, groups=groups, person_name=name, name="laptop")
            stage.tokens[name] = (await stage.desk.issuing.create(order, caller)).secret
        with stage.store.write() as connection:
            connection.execute(update(people).where(people.c.id == "below").values(manager="team_lead"))
            connection.execute(update(people).where(people.c.id == "lower").values(manager="below"))
            connection.execute(update(people).where(people.c.id == "team_lead").values(manager="lower"))
            connection.execute(update(people).where(people.c.id == "other").values(manager="custom"))
            connection.execute(update(people).where(people.c.id == "employee").values(manager="both"))
            bump(connection)
        yield stage
    finally:
        stage.close()


async def told(stage: Stage, reader: str, book: str) -> dict[str, str]:
    """All answers to a reader about one of the books, by what was asked. Half of its calls are stored, half wait."""
    person = stage.store.snapshot().people[reader]
    access = stage.accesses().of(make_principal(person, stage.vault.subject(reader), "token"))
    index = stage.index
    assert index is not None
    new = index.successor()
    index.switch(new.generation)
    subjects = [stage.vault.subject(name) for name in (reader, "below", "lower", "other", "employee")]
    made, hidden = rows(access, subjects, book), strangers(access, subjects, book)
    index.insert([*made[:20], *hidden[:20]])
    last = 40 if book == "left" or access.sees_places else 41_000
    index.set_waiting({row.call_id: row for row in (*made[20:], *hidden[20:])}, {"node1-w0": last})
    found = {}
    turns = asyncio.Semaphore(AT_ONCE)
    async with client_of(stage, reader) as client:

        async def ask(path: str, params: dict[str, str]) -> None:
            async with turns:
                answer = await client.get(path, params=params)
            assert answer.status_code in (200, 400, 403, 404), (path, params, answer.text)
            found[f"{path} {params}"] = plain(answer.status_code, answer.text)

        await asyncio.gather(*(ask(path, params) for path, params in attempts(access, SHARE, list(READERS).index(reader))))
        found["export"] = await exported(client)
    return found


async def exported(client: httpx2.AsyncClient) -> str:
    """The rows of an export, as its file has them."""
    answer = await client.post("/api/v1/exports", json={"form": "csv"})
    path = answer.json()["path"]
    async with asyncio.timeout(30):
        while (found := (await client.get(path)).json())["export"]["state"] in ("waiting", "running"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    text = (await client.get(found["file_path"])).text
    await client.delete(path)
    return text


@pytest.mark.parametrize("reader", READERS)
async def test_two_books_that_differ_in_what_is_hidden_answer_alike(stage: Stage, reader: str) -> None:
    """Filters in all forms, nested and negated, free text, paths, facets, histograms, values, completion, cursors, reports, errors and exports."""
    left, right = await told(stage, reader, "left"), await told(stage, reader, "right")
    assert left.keys() == right.keys() and len(left) > 300 / SHARE
    assert sum(answer.startswith("200") for answer in left.values()) > len(left) / 2
    different = [asked for asked, answer in left.items() if answer != right[asked]]
    assert different == []


PAGES = (
    "/?q={q}&by=tool",
    "/?q={q}&columns=time,status,person,place,rule,session",
    "/investigate?q={q}",
    "/trends?q={q}",
    "/records?kind=changes",
)
"""Pages of the console with a query and its range."""


@pytest.mark.parametrize("reader", READERS)
async def test_pages_and_live_rows_are_alike(stage: Stage, reader: str) -> None:
    """What the console shows about the two books, and what its live tail and that of the API send of them, is the same text."""
    access = stage.accesses().of_person(stage.store.snapshot().people[reader])
    subjects = [stage.vault.subject(name) for name in (reader, "below", "lower", "other", "employee")]
    index = stage.index
    assert index is not None
    shown: list[list[str]] = []
    async with signed_in(stage, reader) as console:
        for book in ("left", "right"):
            new = index.successor()
            index.switch(new.generation)
            made = [*rows(access, subjects, book), *strangers(access, subjects, book)]
            texts = [await streamed(stage, reader, "", partial(index.insert, made))]
            texts.append(await streamed(stage, reader, "-lefta", partial(index.arrivals.add, made)))
            for page in PAGES:
                for q in ("", "-lefta"):
                    answer = await console.get(f"{page.format(q=quote(q))}&from=2026-09-21T00:00:00Z&to=2026-09-23T00:00:00Z")
                    texts.append(f"{page} {q} {answer.status_code} {bare(answer.text)}")
            shown.append(texts)
    assert shown[0][0].count("event: call") >= 8 and sum("data-call" in text for text in shown[0]) >= 2
    assert [one for one, other in zip(*shown, strict=True) if one != other] == []


async def streamed(stage: Stage, reader: str, text: str, bring: Callable[[], None]) -> str:
    """All calls that a tail sends of those that are brought."""
    events = []
    async with tail(stage, stage.tokens[reader], urlencode({"q": text})) as sent:
        assert await asyncio.wait_for(sent.get(), 5) == b"200"
        await asyncio.wait_for(sent.get(), 5)
        bring()
        with contextlib.suppress(TimeoutError):
            while True:
                events.append((await asyncio.wait_for(sent.get(), 0.6)).decode())
    return "".join(events)


def bare(page: str) -> str:
    """A page without what differs from one look to the next: the footer, the token of the view, and of forms."""
    page = re.sub(r"<footer.*?</footer>", "", page, flags=re.DOTALL)
    return re.sub(r"(view=|name=\"csrf\" value=\"|As of )[^\"&<]*", "", page)


async def test_the_comparison_can_fail(stage: Stage) -> None:
    """For who sees everything the two books are not alike, in rows, counts and facets."""
    order = TokenOrder(person="analyst", groups=("security",), person_name="analyst", name="laptop")
    stage.tokens["analyst"] = (await stage.desk.issuing.create(order, local_caller("root", stage.vault.subject))).secret
    employee = stage.accesses().of_person(stage.store.snapshot().people["employee"])
    assert {group for group in GROUPS if employee.scope(group) != "own"} == {"evidence"}
    index = stage.index
    assert index is not None
    answers = []
    for book in ("left", "right"):
        new = index.successor()
        index.switch(new.generation)
        index.insert(rows(employee, [stage.vault.subject("other")], book))
        async with client_of(stage, "analyst") as client:
            answers.append([plain(200, (await client.get(path, params={"q": q})).text) for path, q in (("/api/v1/calls", ""), ("/api/v1/facets", ""), ("/api/v1/calls", "leftargum*"))])  # fmt: skip
    assert answers[0][0] != answers[1][0] and answers[0][1] != answers[1][1]


async def test_answers_about_payloads_leave_at_the_same_time(stage: Stage) -> None:
    """Words that stand in every hidden payload and in none: the answer leaves in the same bucket of time, though the engine had more to do for one."""
    access = stage.accesses().of_person(stage.store.snapshot().people["admin"])
    index = stage.index
    assert index is not None
    new = index.successor()
    index.switch(new.generation)
    index.insert(rows(access, [stage.vault.subject("other")], "left", 4000))

    async def buckets(client: httpx2.AsyncClient, text: str) -> tuple[int, list[int]]:
        """The bucket of most answers, and the rows that statements read for the first."""
        taken = []
        with counted(index.engine) as work:
            await client.get("/api/v1/calls", params={"q": text})
        for _ in range(5):
            began = time.perf_counter()
            assert (await client.get("/api/v1/calls", params={"q": text})).json()["calls"] == []
            taken.append(int((time.perf_counter() - began) / STEP_S))
        return statistics.mode(taken), sorted(work)

    async with client_of(stage, "admin") as client:
        everywhere, nowhere = await buckets(client, "left arguments"), await buckets(client, "nowhere arguments")
    assert everywhere[0] == nowhere[0] == 1
    assert everywhere[1] != nowhere[1]
