"""Complete a query that is being typed: what the language offers, and the values that the reader's own calls hold, with counts."""

import re
from typing import Final

import msgspec
from msgspec import Struct

from gatebook.index import EngineError
from gatebook.index.counts import Count
from gatebook.query import QueryError, parse
from gatebook.query.complete import Completion, complete
from gatebook.query.writing import quoted
from gatebook.reading.counting import ARGUMENTS
from gatebook.reading.room import Question, ReadingRoom, TooSlow
from gatebook.reading.viewer import Viewer

_BEFORE: Final = re.compile(r'-?(?:args\.(?:"(?:[^"\\]|\\.)*"|[^\s()":])*|[^\s():]*)(?::[<>=]*\(?"?)?\Z', re.IGNORECASE)
_NAME_CHARACTERS_MAX: Final = 400
_BARE_PATH: Final = re.compile(r"[\w$@-]+(?:\.[\w$@-]+)*")


class Offer(Struct, frozen=True, kw_only=True):
    """One proposal: what it inserts, what people read, a word about it, and how many calls hold it, where that was counted."""

    insert: str
    label: str
    hint: str = ""
    count: int | None = None


class Offers(Struct, frozen=True, kw_only=True):
    """What could stand at the cursor: an accepted offer replaces the characters from `start` up to but without `end`."""

    start: int
    end: int
    expects: str
    field: str | None
    prefix: str
    offers: list[Offer]


async def offers(room: ReadingRoom, viewer: Viewer, question: Question, at: int, limit: int) -> Offers:
    """What could stand at character `at` of the question's text. Values are those within its range and the rest of its query, where that can be read.

    A slow or absent index leaves the values out. A reading of values is on the record as `room.values` says. Raises LogUnavailable.
    """
    place = complete(question.text, at)
    known = [Offer(insert=choice.insert, label=choice.label, hint=choice.hint) for choice in place.choices]
    found = await _found(room, viewer, question, place, limit)
    if found:
        held = {offer.insert: offer for offer in found}
        hints = {choice.insert: choice.hint for choice in place.choices}
        found = [msgspec.structs.replace(offer, hint=offer.hint or hints.get(offer.insert, "")) for offer in held.values()]
        known = found + [offer for offer in known if offer.insert not in held]
    return Offers(start=place.start, end=place.end, expects=place.expects, field=place.field, prefix=place.prefix, offers=known[:limit])


async def _found(room: ReadingRoom, viewer: Viewer, question: Question, place: Completion, limit: int) -> list[Offer]:
    paths = place.expects == "field" and place.field == ARGUMENTS
    if place.field is None or not (paths or place.expects == "value"):
        return []
    asked = msgspec.structs.replace(question, text=_rest(question.text, place))
    try:
        counts = await room.values(viewer, asked, place.field, place.prefix, limit)
    except (EngineError, TooSlow, KeyError, ValueError):
        return []
    return [_path(count) if paths else Offer(insert=quoted(count.value), label=count.label, count=count.count) for count in counts]


def _path(count: Count) -> Offer:
    bare = _BARE_PATH.fullmatch(count.value)
    return Offer(insert=f"{count.value if bare else quoted(count.value)}:", label=count.value, count=count.count)


def _rest(text: str, place: Completion) -> str:
    """The query without the term that is being typed; empty when that cannot be read by itself."""
    # The search for what ends the text takes the square of its length; names are short.
    far, near = text[: max(0, place.start - _NAME_CHARACTERS_MAX)], text[max(0, place.start - _NAME_CHARACTERS_MAX) : place.start]
    rest = f"{far}{_BEFORE.sub('', near)} {text[place.end :]}".strip()
    try:
        parse(rest)
    except QueryError:
        return ""
    return rest
