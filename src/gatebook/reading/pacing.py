"""Answers that leave at fixed times, where how long the engine takes would tell of payloads that their reader may not see.

Words in payloads are found through the list of all words of all calls: without it, each question would read every payload. So the engine is done sooner
when a word is nowhere. Whoever is confined to some rows gets such an answer when STEP_S, or twice, four, eight times as long has passed.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from gatebook.index.sql import is_confined
from gatebook.query import Query
from gatebook.query.fields import FIELDS
from gatebook.query.tree import And, ArgCompare, ArgExists, ArgPattern, ArgSpan, Everything, Node, Not, Or

STEP_S: Final = 0.25
_T = TypeVar("_T")


def is_paced(query: Query) -> bool:
    """Whether the time of an answer could tell of payloads in rows that are not shown."""
    return is_confined(query.tree) and _looks_into_payloads(query.tree)


def _looks_into_payloads(node: Node) -> bool:
    match node:
        case And(items) | Or(items):
            return any(_looks_into_payloads(item) for item in items)
        case Not(item):
            return _looks_into_payloads(item)
        case Everything():
            return False
        case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
            return True
        case _:
            return FIELDS[node.field].kind == "text"


def leaves_after_s(taken_s: float, budget_s: float) -> float:
    """When an answer leaves that was there after `taken_s`, both in seconds from the question on; never later than the budget ends."""
    step_s = STEP_S
    while step_s < min(taken_s, budget_s):
        step_s *= 2
    return max(taken_s, min(step_s, budget_s))


async def paced(answer: Awaitable[_T], budget_s: float) -> _T:
    """Wait for an answer, or an error, and then until it leaves."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    async def wait() -> None:
        taken_s = loop.time() - began_s
        await asyncio.sleep(leaves_after_s(taken_s, budget_s) - taken_s)

    try:
        found = await answer
    except Exception:
        await wait()
        raise
    await wait()
    return found
