"""An investigation: every number is what its query finds, within the reader's scope, and the notable facts are those that were played."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct, structs

from gatebook.control.caller import local_caller
from gatebook.identity.directory import Principal
from gatebook.query import QueryError
from gatebook.reading.investigation import Investigation, investigate
from gatebook.reading.notable import Fact
from gatebook.reading.room import Question
from gatebook.reading.tallies import Entry, Moment, Tally
from gatebook.reading.viewer import Viewer
from gatebook.reading.ways import WayEdge, WayNode
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, Case, found

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_US = 86_400_000_000
STARTS = [
    "",
    "person:amara@northwind.example",
    "connector:crm",
    "fingerprint:fp_00000007",
    "status:blocked OR duration:>1s",
    "connector:nothing",
]


def everybody(stage: Stage) -> Viewer:
    """A reader of all calls."""
    return Viewer(principal=local_caller("root", stage.vault.subject))


def numbers(node: Any) -> Iterator[tuple[str, int]]:
    """Every query within an answer, with the number of calls that it is said to find."""
    if isinstance(node, Entry):
        yield from ((node.tally(name).query, node.tally(name).count) for name in ("blocked", "redacted", "errors"))
    if isinstance(node, Tally | Entry | WayNode | WayEdge | Fact):
        yield node.query, node.count
    if isinstance(node, Struct):
        for name in structs.asdict(node):
            yield from numbers(getattr(node, name))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from numbers(item)
    elif isinstance(node, dict):
        for item in node.values():
            yield from numbers(item)


async def about(stage: Stage, text: str, since_us: int | None = None, viewer: Viewer | None = None) -> Investigation:
    """Investigate up to now."""
    return await investigate(stage.room, viewer or everybody(stage), Question(text=text, since_us=since_us))


async def found_by(stage: Stage, viewer: Viewer, question: Question) -> int:
    """How many calls the explorer would show."""
    query = stage.room.query(viewer, question)
    return await stage.room.ask(lambda: stage.room.index.count(query))


@pytest.mark.parametrize("text", STARTS)
async def test_every_number_is_what_its_query_finds(stage: Stage, text: str) -> None:
    """Whatever it starts from: each count equals that of the explorer at its link."""
    answer = await about(stage, text)
    viewer = everybody(stage)
    for query, count in dict.fromkeys(numbers(answer)):
        question = Question(text=query, since_us=answer.since_us, until_us=answer.until_us)
        assert await found_by(stage, viewer, question) == count, query
    for print_ in answer.fingerprints:
        assert await found_by(stage, viewer, Question(text=print_.query, until_us=answer.until_us)) == print_.everywhere
    assert sum(sum(moment.counts.values()) for moment in answer.timeline.moments) == answer.total.count


async def test_the_moments_of_the_timeline_are_those_of_their_span(stage: Stage) -> None:
    """Each column leads to as many calls as it shows, also the ones that the range cuts."""
    now_us = stage.room.clock.wall_us()
    answer = await about(stage, "", now_us - 5 * 3_600_000_000 - 1234)
    for moment in answer.timeline.moments:
        assert isinstance(moment, Moment) and answer.since_us <= moment.since_us < moment.until_us <= answer.until_us
        question = Question(since_us=moment.since_us, until_us=moment.until_us)
        assert await found_by(stage, everybody(stage), question) == sum(moment.counts.values())


async def test_a_reader_of_own_calls_learns_of_no_others(stage: Stage) -> None:
    """Scope is forced into every number: people, values seen elsewhere, ways and facts."""
    person = PEOPLE[0]
    principal = Principal(
        person=person.id, subject=stage.vault.subject(person.id), email=person.id, name="", groups=person.groups, kind="person", auth="token", identity=b"{}"
    )  # fmt: skip
    viewer = Viewer(principal=principal)
    answer = await about(stage, "", viewer=viewer)
    assert [entry.value for entry in answer.people] == [person.id]
    assert all(print_.people == 1 for print_ in answer.fingerprints)
    assert {node.key for node in answer.reach.layers[0]} == {person.id}
    foreign = await about(stage, f"person:{PEOPLE[1].id}", viewer=viewer)
    assert foreign.total.count == 0 and not foreign.people and not foreign.facts


async def test_what_is_unusual_is_said_with_its_calls(stage: Stage) -> None:
    """A day far above the median, an hour that was always quiet, a tool that is new, refusals and grave findings."""
    person = PEOPLE[3]
    now_us = stage.room.clock.wall_us()
    noon_us = now_us // DAY_US * DAY_US - 2 * DAY_US + DAY_US // 2
    for day in range(3, 20):
        for hour in range(3):
            stage.call(person, Case(connector="quiet", tool="look"), now_us - (noon_us - (day - 2) * DAY_US + hour * 3_600_000_000))
    for minute in range(40):
        stage.call(
            person,
            Case(connector="quiet", tool="take", findings=(found("iban", 99),)),
            now_us - (noon_us - 9 * 3_600_000_000 + minute * 60_000_000),
        )
    stage.call(person, Case(connector="quiet", tool="take", end="blocked"), now_us - noon_us)
    await stage.settled()
    text = f"person:{person.id} connector:quiet"
    answer = await investigate(
        stage.room, everybody(stage), Question(text=text, since_us=noon_us - DAY_US // 2, until_us=noon_us + DAY_US // 2)
    )
    told = {fact.text: fact for fact in answer.facts}
    assert any("40 calls" in text or "41 calls; on the" in text for text in told), told
    assert any("quiet before: 03–04 h UTC" in text for text in told), told
    assert any("carried sensitive data of high or critical severity" in text for text in told)
    assert any("1 call was refused, most by rule connector/quiet:tools.deny[take_*]" in text for text in told), told
    first = await investigate(
        stage.room, everybody(stage), Question(text=f"person:{person.id}", since_us=noon_us - DAY_US // 2, until_us=noon_us + DAY_US // 2)
    )
    assert any("Used for the first time by this person: quiet · take" in fact.text for fact in first.facts)
    for fact in [*answer.facts, *first.facts]:
        about_it = first if fact in first.facts else answer
        question = Question(text=fact.query, since_us=about_it.since_us, until_us=about_it.until_us)
        assert await found_by(stage, everybody(stage), question) == fact.count, fact.text
        assert fact.how


async def test_changes_of_configuration_are_marked(stage: Stage) -> None:
    """What was changed within the range stands on the timeline with the id of its record."""
    from gatebook.record.body import ConfigChanged
    from gatebook.record.parts import Actor

    actor = Actor(subject="s", kind="person", auth="socket")
    stage.keeper.append(
        ConfigChanged(kind="Connector", name="crm", action="changed", actor=actor, reason="Deny exports", version=2, revision=7)
    )
    await stage.settled()
    answer = await about(stage, "")
    assert answer.timeline.changes[-1].text == "Connector crm changed: Deny exports"


async def test_a_query_that_does_not_parse_is_refused(stage: Stage) -> None:
    """As everywhere, with its position."""
    with pytest.raises(QueryError):
        await about(stage, "conector:crm")
