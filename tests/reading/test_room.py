"""Every question of the reading room that has to look into payloads waits with its like."""

from typing import Any

import pytest

from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from tests.console.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(("text", "heavy"), [("status:ok", False), ("arguments:*cust*", True)])
async def test_a_question_is_as_heavy_as_its_query(
    stage: Stage, admin: Viewer, monkeypatch: pytest.MonkeyPatch, text: str, heavy: bool
) -> None:
    """Rows, counts, histogram, facets and values alike: one that forgets to say so would hold up everybody's."""
    room, asked = stage.room, []
    run = room._slots.run

    async def noted(*parts: Any, heavy: bool = False) -> Any:
        asked.append(heavy)
        return await run(*parts, heavy=heavy)

    monkeypatch.setattr(room._slots, "run", noted)
    question = Question(text=text)
    query = room.query(admin, question)
    await room.rows(admin, query, None, 10)
    await room.count(query)
    await room.extent(query)
    await room.histogram(admin, query, 0, 4_000_000_000_000_000, 1_000_000_000_000_000)
    await room.facets(admin, question, ["connector", "status"], 5)
    await room.values(admin, question, "connector", "", 5)
    assert len(asked) >= 6 and set(asked) == {heavy}
