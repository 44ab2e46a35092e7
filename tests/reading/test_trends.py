"""Trends: every number is what its query finds; what rose is told from chance."""

from typing import Any

import pytest

from gatebook.control.caller import local_caller
from gatebook.reading.room import Question
from gatebook.reading.trends import WEEK_US, Trends, trends
from gatebook.reading.viewer import Viewer
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, REDACTED_RULE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOUR_US = 3_600_000_000


def everybody(stage: Stage) -> Viewer:
    """A reader of all calls."""
    return Viewer(principal=local_caller("root", stage.vault.subject))


async def asked(stage: Stage, text: str, since_us: int, until_us: int) -> int:
    """How many calls the explorer would show."""
    query = stage.room.query(everybody(stage), Question(text=text, since_us=since_us, until_us=until_us))
    return await stage.room.ask(lambda: stage.room.index.count(query))


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """The trends that the tests of this module share."""
    return {}


async def made(stage: Stage, answers: dict[str, Any]) -> Trends:
    """The trends of two days after something rose and something else rose by chance."""
    if not answers:
        now_us = stage.room.clock.wall_us()
        for number in range(30):
            stage.call(PEOPLE[2], Case(connector="rising", tool="take", end="blocked" if number % 3 == 0 else "ok"), HOUR_US + number)
        for number in range(12):
            stage.call(PEOPLE[2], Case(connector="rising", tool="take"), WEEK_US + HOUR_US * 30 + number)
        for number in range(4):
            stage.call(PEOPLE[4], Case(connector="chance", tool="look"), HOUR_US * 2 + number)
        await stage.settled()
        answers["trends"] = await trends(stage.room, everybody(stage), Question(since_us=now_us - 48 * HOUR_US - 77))
    found: Trends = answers["trends"]
    return found


async def test_every_number_is_what_its_query_finds(stage: Stage, answers: dict[str, Any]) -> None:
    """Totals of series, single spans, both weeks, errors and clients."""
    found = await made(stage, answers)
    series = [*found.governed, *found.findings, *(line for group in found.violations for line in group.series)]
    assert series and found.latency and found.clients and found.risers
    for line in series:
        assert len(line.counts) == len(found.spans) and sum(line.counts) == line.count
        assert await asked(stage, line.query, found.since_us, found.until_us) == line.count, line.query
        best = max(range(len(line.counts)), key=line.counts.__getitem__)
        span = found.spans[best]
        assert await asked(stage, line.query, span.since_us, span.until_us) == line.counts[best], line.query
    for riser in found.risers:
        assert await asked(stage, riser.query, found.weeks[1].since_us, found.weeks[1].until_us) == riser.now
        assert await asked(stage, riser.query, found.weeks[0].since_us, found.weeks[0].until_us) == riser.before
    for latency in found.latency:
        assert await asked(stage, latency.query, found.since_us, found.until_us) == latency.count == sum(latency.counts)
        assert await asked(stage, latency.errors_query, found.since_us, found.until_us) == latency.errors
        assert 0 < latency.p50_us <= latency.p95_us
    for client in found.clients:
        assert await asked(stage, client.query, found.since_us, found.until_us) == client.count
    assert sum(client.count for client in found.clients) == found.total.count


async def test_the_rules_are_those_that_stopped_or_changed_calls(stage: Stage, answers: dict[str, Any]) -> None:
    """A grant that matched as well is not among them."""
    found = await made(stage, answers)
    rules = next(group for group in found.violations if group.field == "rule")
    names = {line.value for line in rules.series}
    assert REDACTED_RULE in names and "connector/rising:tools.deny[take_*]" in names
    assert not [name for name in names if "allow" in name]


async def test_small_numbers_are_not_called_a_rise(stage: Stage, answers: dict[str, Any]) -> None:
    """From 12 to 30 is a rise with a share; from nothing to 4 is one of those that are too few to say."""
    found = await made(stage, answers)
    rising = {(riser.field, riser.label): riser for riser in found.risers}
    assert ("connector", "rising") in rising and rising["connector", "rising"].before == 12
    assert rising["connector", "rising"].change == pytest.approx(1.5)
    assert ("connector", "chance") not in rising and found.too_few > 0
    assert all(riser.score >= 2 and riser.now >= 10 for riser in found.risers)


async def test_nothing_is_answered_with_nothing(stage: Stage) -> None:
    """A query without calls gives an empty dashboard, not an error."""
    found = await trends(stage.room, everybody(stage), Question(text="connector:nowhere"))
    assert found.total.count == 0 and not found.latency and not found.risers and not found.clients
    assert all(not group.series for group in found.violations)
