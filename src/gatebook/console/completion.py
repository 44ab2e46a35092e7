"""What could stand at the cursor of the query: fields, operators, and values with how many calls have them, rendered as options."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer import Explorer
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.index import EngineError
from gatebook.index.counts import Count
from gatebook.query import QueryError, parse
from gatebook.query.complete import Completion, complete, quote
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.viewer import Viewer

_OPTIONS_MAX = 40
_VALUES_MAX = 14


class Option(Struct, frozen=True, kw_only=True):
    """One option: what it inserts, what people read, a word about it, and how many calls there are, None where that was not asked."""

    insert: str
    label: str
    hint: str = ""
    count: int | None = None


class CompletionPages:
    """Handler of `/complete`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, explorer: Explorer) -> None:
        self._deps = deps
        self._pages = pages
        self._explorer = explorer

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The options for `q` at the character `at`."""
        params = params_of(request)
        text, at = params.get("q", "")[:LENGTH_MAX], params.get("at", "")
        found = complete(text, int(at) if at.isdigit() and len(at) < len(str(LENGTH_MAX)) + 1 else len(text))
        here, _ = self._explorer.read(params)
        question = Question(text=_others(text, found), since_us=here.range.since_us, until_us=here.range.until_us)
        options = [Option(insert=choice.insert, label=choice.label, hint=choice.hint) for choice in found.choices]
        counted = await self._values(viewer, question, found) if found.field and found.expects in ("value", "field") else []
        # A value that is known without counting is not shown a second time.
        known = {option.insert for option in counted}
        options = [*counted, *(option for option in options if option.insert not in known)][:_OPTIONS_MAX]
        shown = Shown(request=request, viewer=viewer)
        end = _after(text, found)
        return self._pages.fragment("complete.html", "complete", shown, options=options, start=found.start, end=found.end, tail=end)

    async def _values(self, viewer: Viewer, question: Question, found: Completion) -> list[Option]:
        """The values that the book holds; none when they cannot be counted in time, since somebody is typing."""
        assert found.field is not None
        try:
            counts = await self._deps.room.values(viewer, question, found.field, found.prefix, _VALUES_MAX)
        except (EngineError, TooSlow, QueryError, KeyError, ValueError):
            return []
        return [_option(count, found) for count in counts]


def _option(count: Count, found: Completion) -> Option:
    insert = f"{count.value}:" if found.expects == "field" else quote(count.value)
    label = count.label if count.label != count.value else insert
    return Option(insert=insert, label=label, hint=count.value if label != insert else "", count=count.count or None)


def _others(text: str, found: Completion) -> str:
    """The query without the term that is being typed, so that values are counted within the rest; all calls where the rest is no query."""
    begin = max(text.rfind(" ", 0, found.start), text.rfind("(", 0, found.start)) + 1
    rest = f"{text[:begin]} {text[found.end :]}".strip()
    try:
        parse(rest)
    except QueryError:
        return ""
    return rest


def _after(text: str, found: Completion) -> str:
    """What follows a value that ends the query: a space for the next term, unless a list is open."""
    return " " if found.expects == "value" and found.end == len(text) and text.count("(") <= text.count(")") else ""
