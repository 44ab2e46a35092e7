"""The records page: what people and processes did to Gatebook itself."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import times
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.record_words import words
from gatebook.console.times import PRESETS, Range, RangeError, read_range
from gatebook.definitions.characters import visible
from gatebook.index import CursorError, EngineError, RecordRow
from gatebook.reading.records import KINDS, RecordPage, RecordQuestion, find, note_reading
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer

_WORDS = {
    "": "All",
    "sign-ins": "Sign-ins",
    "changes": "Changes",
    "cut-offs": "Cut-offs",
    "reads": "Reads of the book",
    "processes": "Processes",
    "log": "The log itself",
}
_ALARMING = frozenset({"auth.failed", "auth.sign_in_failed", "access.self_granted", "log.unavailable", "log.tail_cut", "clock.stepped"})


class Line(Struct, frozen=True, kw_only=True):
    """One record as the table shows it."""

    id: str
    stamp: str
    type: str
    who: str
    text: str
    stream: str
    seq: int
    alarming: bool


class RecordPages:
    """Handler of `/records`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """One page of records."""
        params = params_of(request)
        room = self._deps.room
        kind = params.get("kind", "")
        kind = kind if kind in KINDS else ""
        error = ""
        page = RecordPage(rows=[])
        try:
            range_ = read_range(params, room.clock.wall_us())
            question = RecordQuestion(kind=kind, since_us=range_.since_us, until_us=range_.until_us, before=params.get("before"))
            page = await room.ask(lambda: find(room.index, viewer, question))
            await note_reading(room, viewer, question, len(page.rows))
        except RangeError as problem:
            error, range_ = str(problem), Range(preset=times.DEFAULT_PRESET)
        except CursorError:
            error = "This page of older records is no longer valid; begin again at the newest."
        except (EngineError, TooSlow) as problem:
            error = f"The records cannot be shown now: {problem}."
        names = self._deps.names()
        shown = Shown(request=request, viewer=viewer, page_name="Records")
        return self._pages.page(
            "records.html",
            shown,
            rows=[line(row, names) for row in page.rows],
            error=error,
            older=_address(kind, range_, page.next) if page.next else "",
            tabs=[{"word": word, "href": _address(name, range_), "on": name == kind} for name, word in _WORDS.items()],
            presets=[
                {"label": label, "href": _address(kind, Range(preset=name)), "on": name == range_.preset}
                for name, (label, _) in PRESETS.items()
            ],
            empty_text=f"Nothing {range_.words}.",
            tab_on=bool(kind),
            clear=_address("", range_),
            widen=_address(kind, Range(preset="all")),
        )


def _address(kind: str, range_: Range, before: str | None = None) -> str:
    params = {**({"kind": kind} if kind else {}), **range_.params, **({"before": before} if before else {})}
    return "/records?" + urlencode(params) if params else "/records"


def line(row: RecordRow, names: Mapping[str, str]) -> Line:
    """The line of a record."""
    core: dict[str, Any] = msgspec.json.decode(row.summary)
    auth = (core.get("actor") or {}).get("auth", "")
    host = f"{row.person[3:]}, on the host" if row.person.startswith("os:") else ""
    # The identity beside a token is its owner's, not that of the actor.
    person = "" if row.type == "token.changed" else row.person
    who = (
        names.get(row.subject)
        or host
        or person
        or ("local administrator" if auth == "socket" else "nobody known" if row.type == "auth.failed" else "")
    )
    return Line(
        id=row.id,
        stamp=times.stamp(row.time),
        type=row.type,
        who=who,
        text=visible(words(row.type, core, names)),
        stream=row.stream,
        seq=row.seq,
        alarming=row.type in _ALARMING or (row.type == "grant.changed" and core["action"] == "reused"),
    )
