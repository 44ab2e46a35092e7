"""The page of a draft that another page made: what it holds, in words and as YAML, and the form that hands it over to the editor."""

from msgspec import Struct
from starlette.responses import Response

from gatebook.console.pages import Pages, Shown
from gatebook.definitions.characters import visible


class Drafted(Struct, frozen=True, kw_only=True):
    """A draft. `lead` says in a sentence what it does, `after` how it is taken back, `text` is YAML, empty where there is nothing to apply."""

    title: str
    back: str
    back_text: str
    lead: str
    after: str
    text: str
    reason: str
    left_out: list[str] = []
    problems: list[str] = []
    warnings: list[str] = []


def draft_page(pages: Pages, shown: Shown, draft: Drafted) -> Response:
    """The page. What cannot be seen in the YAML is written out for reading; the form carries it as it is."""
    return pages.page("draft.html", shown, draft=draft, told=visible(draft.text))
