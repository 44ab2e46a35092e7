"""What is offered while a query is typed."""

import pytest

from gatebook.index import EngineError
from gatebook.reading.completion import Offers, offers
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.viewer import Viewer
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case
from tests.reading.conftest import viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def offered(stage: Stage, viewer: Viewer, text: str, limit: int = 50) -> Offers:
    """With the cursor where `|` stands."""
    at = text.index("|")
    return await offers(stage.room, viewer, Question(text=text.replace("|", "")), at, limit)


async def test_values_come_with_counts_and_fields_without(stage: Stage, admin: Viewer) -> None:
    """Most frequent first; of a closed set also those that no call holds."""
    found = await offered(stage, admin, "connector:|")
    held = [offer for offer in found.offers if offer.count]
    assert held[0].count == max(offer.count or 0 for offer in held) and {"crm", "git"} <= {offer.insert for offer in held}
    assert {offer.insert: offer.count for offer in (await offered(stage, admin, "status:pend|")).offers} == {"pending": 0}
    assert [offer.insert for offer in (await offered(stage, admin, "conne|")).offers] == ["connector:"]


async def test_the_rest_of_the_query_narrows_the_values(stage: Stage, admin: Viewer) -> None:
    """Before and behind the cursor; a rest that cannot be read does not."""
    narrow = {offer.label for offer in (await offered(stage, admin, "connector:time tool:|")).offers if offer.count}
    assert (
        narrow
        == {"get_current_time"}
        == {offer.label for offer in (await offered(stage, admin, "tool:| connector:time")).offers if offer.count}
    )
    assert len((await offered(stage, admin, "connector:time ( tool:|")).offers) > 3


async def test_offers_are_of_the_viewers_own_calls(stage: Stage) -> None:
    """No name, tool or argument of somebody else."""
    stage.call(PEOPLE[1], Case(connector="git", tool="only_jonas", params={"name": "x", "arguments": {"jonas arg": "jonas value"}}))
    await stage.settled()
    own = viewer_of(stage, EMPLOYEE)
    for text in ("person:|", "tool:only|", "args.|", 'args."jonas arg":|', 'args.arguments."jonas arg":|', "subject:|", "session:|"):
        found = await offered(stage, own, text)
        assert "jonas" not in str(found.offers), text


async def test_paths_of_arguments_are_written_as_the_language_reads_them(stage: Stage, admin: Viewer) -> None:
    """Quoted where they must be."""
    stage.call(PEOPLE[1], Case(params={"name": "x", "arguments": {"odd key (1)": "a b"}}))
    await stage.settled()
    found = await offered(stage, admin, "args.odd|")
    (offer,) = found.offers
    assert '"' in offer.insert and offer.insert.endswith(":")
    query = stage.room.query(admin, Question(text=f'args.{offer.insert}"a b"'))
    assert len((await stage.room.rows(admin, query, None, 5)).rows) == 1


async def test_without_an_index_the_language_is_still_offered(stage: Stage, admin: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are left out then."""

    def fail(_room: ReadingRoom) -> None:
        raise EngineError("no index")

    monkeypatch.setattr(ReadingRoom, "index", property(fail))
    assert [offer.insert for offer in (await offered(stage, admin, "status:bl|")).offers] == ["blocked"]
    assert [offer.insert for offer in (await offered(stage, admin, "tool:x|")).offers] == []


@pytest.mark.parametrize(
    "text", ["|", "|\x00", '"|', "\udfff|", "person:\\N|", "a" * 10_001 + "|", "(" * 300 + "|", 'tool:"\t\n|', "args.|", "args.\x1f:|"]
)
async def test_nothing_that_can_be_typed_makes_it_fail(stage: Stage, admin: Viewer, text: str) -> None:
    """It offers something or nothing."""
    assert (await offered(stage, admin, text)).offers is not None
