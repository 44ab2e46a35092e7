"""How much connectors and their tools are called, from the index."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gatebook.index.counts import Group
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.tallies import Asking
from gatebook.reading.tool_facts import Activity
from gatebook.reading.viewer import Viewer

DAY_US: Final = 86_400_000_000
BUDGET_S: Final = 3.0
CALLS: Final = "method:tools/call connector:*"
_GROUPS_MAX: Final = 20_000


class Calls(Struct, frozen=True, kw_only=True):
    """Activity by connector (24 hours), and by connector and tool (7 days)."""

    connectors: dict[str, Activity]
    tools: dict[tuple[str, str], Activity]


async def calls(room: ReadingRoom, viewer: Viewer, connector: str = "") -> Calls:
    """Count the calls that the viewer may see; of one connector where it is named. On the record before it is returned.

    Raises EngineError, TooSlow, LogUnavailable.
    """
    now_us = room.clock.wall_us()
    text = f"{CALLS} connector:{connector}" if connector else CALLS
    question = Question(text=text, since_us=now_us - 90 * DAY_US)
    asking = Asking(room, viewer, question, BUDGET_S)
    week, day = (asking.about(since_us=now_us - days * DAY_US) for days in (7, 1))
    last = await asking.table(("connector", "tool"), ("count", "last_us"), limit=_GROUPS_MAX)
    by_tool = await asking.table(("connector", "tool"), ("count", "errors"), about=week, limit=_GROUPS_MAX)
    by_connector = await asking.table(("connector",), ("count", "errors"), about=day)
    await room.note(viewer, "search", question.words(), rows=sum(int(group.values["count"]) for group in last))
    return Calls(connectors=_connectors(by_connector, last), tools=_tools(by_tool, last))


def _connectors(counted: Sequence[Group], last: Sequence[Group]) -> dict[str, Activity]:
    counts = {group.keys[0]: group.values for group in counted}
    ended: dict[str, int] = {}
    for group in last:
        ended[group.keys[0]] = max(ended.get(group.keys[0], 0), int(group.values["last_us"]))
    return {name: _activity(counts.get(name, {}), at_us) for name, at_us in ended.items()}


def _tools(counted: Sequence[Group], last: Sequence[Group]) -> dict[tuple[str, str], Activity]:
    counts = {group.keys: group.values for group in counted}
    return {(group.keys[0], group.keys[1]): _activity(counts.get(group.keys, {}), int(group.values["last_us"])) for group in last}


def _activity(values: dict[str, float], last_us: int) -> Activity:
    return Activity(calls=int(values.get("count", 0)), errors=int(values.get("errors", 0)), last_us=last_us or None)
