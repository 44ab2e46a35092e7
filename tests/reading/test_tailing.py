"""Whose calls a live tail shows is on the record before their rows leave."""

from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.identity.directory import make_principal
from gatebook.index import CallRow
from gatebook.log.errors import LogUnavailable
from gatebook.reading import tailing
from gatebook.reading.masking import hidden_of
from gatebook.reading.noting import SUBJECTS_MAX
from gatebook.reading.room import Question
from gatebook.reading.tailing import AGAIN_US, Tailing
from gatebook.reading.viewer import Viewer
from gatebook.state.snapshot import Person
from tests.console.stage import EMPLOYEE, Stage
from tests.reading.conftest import viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def row(subject: str, number: int = 0) -> CallRow:
    """A call of somebody."""
    return CallRow(call_id=f"01990000-0000-7000-8000-{number:012x}", time=number, subject=subject)


async def told(stage: Stage, since: int) -> list[dict[str, Any]]:
    """The records of readings from a number on."""
    return (await stage.reads())[since:]


async def test_everybody_whose_calls_are_streamed_is_named_before_they_are(stage: Stage, admin: Viewer) -> None:
    """Each once for a while, with how many of their calls came; the reader's own calls name nobody."""
    before = len(await stage.reads())
    tail = Tailing(stage.room, admin, Question(text="status:ok"), payloads=True)
    await tail.begin()
    shown = await tail.shown([row("ann", 1), row("ben", 2), row("ann", 3), row(admin.subject, 4), row("-", 5)])
    assert [one.time for one in shown] == [1, 2, 3, 4, 5]
    await tail.shown([row("ben", 6), row("cleo", 7)])
    await tail.shown([row("ann", 8), row(admin.subject, 9)])
    found = await told(stage, before)
    assert [(one["action"], one["query"], one.get("rows"), tuple(one.get("subjects", ()))) for one in found] == [
        ("tail", "status:ok", None, ()),
        ("tail", "status:ok", 3, ("ann", "ben")),
        ("tail", "status:ok", 1, ("cleo",)),
    ]
    assert all(one["payloads"] for one in found)


async def test_who_goes_on_being_shown_is_named_again(stage: Stage, admin: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quarter of an hour, so that one long tail is not one reading."""
    tail = Tailing(stage.room, admin, Question())
    await tail.shown([row("ann")])
    before = len(await stage.reads())
    monkeypatch.setattr(tailing, "AGAIN_US", 0)
    await tail.shown([row("ann")])
    assert AGAIN_US == 900_000_000 and [one["subjects"] for one in await told(stage, before)] == [["ann"]]


async def test_rows_come_as_their_reader_may_see_them(stage: Stage) -> None:
    """What a role hides is hidden, and who it is about is told of all the same."""
    auditor = Viewer(principal=make_principal(Person(id="x", groups=("auditors",)), stage.vault.subject("x"), "session"))
    before = len(await stage.reads())
    (seen,) = await Tailing(stage.room, auditor, Question()).shown([replace(row("ann"), bytes_in=7)])
    assert seen.bytes_in == 0 and "arguments" in hidden_of(seen)
    assert (await told(stage, before))[0]["subjects"] == ["ann"]


async def test_nothing_is_shown_that_cannot_be_put_on_the_record(stage: Stage, admin: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that cannot be written ends the tail."""

    async def unavailable(*_: Any, **__: Any) -> None:
        raise LogUnavailable("the disk is full")

    tail = Tailing(stage.room, admin, Question())
    monkeypatch.setattr(stage.room, "put", unavailable)
    with pytest.raises(LogUnavailable):
        await tail.shown([row("ann")])


async def test_more_people_than_one_record_names_are_named_in_several(stage: Stage, admin: Viewer) -> None:
    """Nobody is left out; the number of rows stands in the first."""
    before = len(await stage.reads())
    people = [f"s{number:04}" for number in range(2 * SUBJECTS_MAX + 1)]
    await Tailing(stage.room, admin, Question()).shown([row(name, number) for number, name in enumerate(people)])
    found = await told(stage, before)
    assert [len(one["subjects"]) for one in found] == [SUBJECTS_MAX, SUBJECTS_MAX, 1]
    assert sorted(name for one in found for name in one["subjects"]) == people
    assert [one.get("rows") for one in found] == [len(people), None, None]


async def test_a_person_sees_who_followed_their_calls(stage: Stage, admin: Viewer) -> None:
    """What was streamed long after the beginning is among the readings of their own page."""
    employee = viewer_of(stage, EMPLOYEE)
    await Tailing(stage.room, admin, Question()).shown([row(employee.subject)])
    await stage.settled()
    found = await stage.roles.readings(employee)
    assert found.readings[0].action == "tail" and found.readings[0].by == "Nora Berg"


async def test_what_looks_like_a_token_is_not_kept(stage: Stage, admin: Viewer) -> None:
    """In the words of a reader, as a whole or cut off by the end of what is kept; enough is left to know which it was."""
    token = stage.tokens.get(EMPLOYEE, "gw_pat_" + "aB3" * 12)
    before = len(await stage.reads())
    for text in (f'"{token}" status:ok', f"args.key:{token}", f"gw_svc_{'x' * 20}", "a " * 990 + token):
        await stage.room.note(admin, "search", text)
    kept = [one["query"] for one in await told(stage, before)]
    assert kept[0] == f'"{token[:11]}…" status:ok' and kept[1] == f"args.key:{token[:11]}…" and kept[2] == "gw_svc_xxxx…"
    assert not any(token[:14] in text for text in kept)
