"""What a role hides cannot be told from any answer: two books that differ in hidden values only answer alike, byte for byte."""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import update

from gatebook.control.caller import local_caller
from gatebook.identity.directory import make_principal
from gatebook.identity.issuing import TokenOrder
from gatebook.query.groups import GROUPS
from gatebook.state.documents import parse_documents
from gatebook.state.schema import people
from gatebook.state.store import bump
from tests.api.conftest import client_of
from tests.console.stage import Stage
from tests.reading.twins import attempts, plain, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHARE = int(os.environ.get("GATEBOOK_TWINS_SHARE", "10"))
"""One in so many attempts is made for each reader; 1 makes all of them, which takes minutes."""
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
    made = rows(access, subjects, book)
    index.insert(made[:20])
    index.set_waiting({row.call_id: row for row in made[20:]}, {"node1-w0": 40})
    found = {}
    async with client_of(stage, reader) as client:
        for path, params in attempts(access, SHARE, list(READERS).index(reader)):
            answer = await client.get(path, params=params)
            assert answer.status_code in (200, 400, 403), (path, params, answer.text)
            found[f"{path} {params}"] = plain(answer.status_code, answer.text)
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


async def test_how_long_an_answer_takes_tells_nothing(stage: Stage) -> None:
    """Medians of questions for hidden payloads that match everywhere and nowhere are within a generous bound of each other."""
    access = stage.accesses().of_person(stage.store.snapshot().people["admin"])
    index = stage.index
    assert index is not None
    new = index.successor()
    index.switch(new.generation)
    index.insert(rows(access, [stage.vault.subject("other")], "left", 4000))

    async def median_s(client: httpx2.AsyncClient, text: str) -> float:
        taken = []
        for _ in range(15):
            began = time.perf_counter()
            assert (await client.get("/api/v1/calls", params={"q": text, "count": "1"})).json()["total"] == 0
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    async with client_of(stage, "admin") as client:
        await median_s(client, "warm")
        everywhere, nowhere = await median_s(client, "left arguments"), await median_s(client, "nowhere arguments")
    assert abs(everywhere - nowhere) < max(0.05, 0.6 * max(everywhere, nowhere)), (everywhere, nowhere)
