"""How often policies and guardrails applied, from the index: one question for all of them."""

from collections.abc import Iterable
from typing import Final

from gatebook.index.counts import Buckets, Group
from gatebook.reading.rights import NotForYou
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.rule_facts import DAYS, Hits
from gatebook.reading.tallies import Asking
from gatebook.reading.viewer import Viewer

DAY_US: Final = 86_400_000_000
BUDGET_S: Final = 3.0
_GROUPS_MAX: Final = 50_000
NONE: Final = Hits(calls=0, decided=0, days=(0,) * DAYS, last_us=None)


async def hits(room: ReadingRoom, viewer: Viewer) -> dict[str, Hits]:
    """Count the calls of the last seven days by rule, one that matched as well as one that decided. On the record before it is returned.

    Raises NotForYou where the viewer's roles do not show which rules applied, EngineError, TooSlow, LogUnavailable.
    """
    if not viewer.access.shows_wherever_listed("rule"):
        raise NotForYou("your role does not show which policies applied")
    since_us = room.clock.wall_us() - DAYS * DAY_US
    question = Question(text="rule:*", since_us=since_us)
    buckets = Buckets(since_us=since_us, step_us=DAY_US)
    asking = Asking(room, viewer, question, BUDGET_S)
    groups = await asking.table(("rule",), ("count", "decided", "last_us"), buckets=buckets, limit=_GROUPS_MAX)
    await room.note(viewer, "search", question.words(), rows=len(groups))
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(group.keys[0], []).append(group)
    return {name: _hits(days) for name, days in found.items()}


def _hits(groups: Iterable[Group]) -> Hits:
    days, decided, last_us = [0] * DAYS, 0, 0
    for group in groups:
        # A call that came after the question began belongs to the last day.
        days[min(group.bucket or 0, DAYS - 1)] += int(group.values["count"])
        decided += int(group.values["decided"])
        last_us = max(last_us, int(group.values["last_us"]))
    return Hits(calls=sum(days), decided=decided, days=tuple(days), last_us=last_us)
