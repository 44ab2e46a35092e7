"""Templates and what all pages share."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse

from gatebook import __version__
from gatebook.console import preferences, session, times
from gatebook.console.assets import Assets
from gatebook.console.deps import ConsoleDeps
from gatebook.console.exports_view import Order
from gatebook.console.looks import LOOKS
from gatebook.console.rail import OWN_PAGE, rail_of
from gatebook.console.role_names import role_list, role_name
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.exports_forms import FORMS
from gatebook.reading.viewer import Viewer

FRAGMENT_HEADER = "x-fragment"
RAIL_COOKIE = "rail"


class Shortcut(Struct, frozen=True):
    """One line of the table of keys: each key with what it does, as `static/keys.js` names it; empty where the browser does it by itself."""

    keys: tuple[tuple[str, str], ...]
    text: str


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut((("/", "query"),), "Go to the query; arrow up recalls old ones"),
    Shortcut((("j", "down"), ("k", "up")), "Next row, row before"),
    Shortcut((("Enter", ""),), "Open the call"),
    Shortcut((("o", "expand"),), "Expand the call in place"),
    Shortcut((("x", "select"),), "Select the row"),
    Shortcut(((".", "actions"),), "Actions of the row"),
    Shortcut((("Esc", ""),), "Close, leave the field"),
    Shortcut((("[", "older"), ("]", "newer")), "Older, newer time range"),
    Shortcut((("-", "wider"),), "Zoom out"),
    Shortcut((("t", "time"),), "Choose a time range"),
    Shortcut((("h", "chart"),), "Go to the histogram; arrow keys move, Enter narrows"),
    Shortcut((("f", "facets"),), "Go to the filters"),
    Shortcut((("l", "live"), ("Space", "live")), "Live or paused"),
    Shortcut((("c", "columns"),), "Choose columns"),
    Shortcut((("d", "density"),), "Compact or comfortable rows"),
    Shortcut((("Ctrl K", ""),), "Command palette"),
    Shortcut((("s", "saved"),), "Saved searches"),
    Shortcut((("y", "link"),), "Copy the link of the open call, else of this page"),
    Shortcut((("e", "export"),), "Export the calls that match"),
    Shortcut((("?", "help"),), "This list"),
)


DOES_WORDS = {
    "expand": "Expand the call in place",
    "select": "Select the row",
    "actions": "Actions of the row",
    "older": "Older time range",
    "newer": "Newer time range",
    "wider": "Zoom out",
    "time": "Choose a time range",
    "chart": "Go to the histogram",
    "facets": "Go to the filters",
    "live": "Live or paused",
    "columns": "Choose columns",
    "density": "Compact or comfortable rows",
    "saved": "Saved searches",
    "link": "Copy the link",
}
"""Actions as the command palette calls them."""


class Shown(Struct, frozen=True, kw_only=True):
    """What one request shows besides its template's own values."""

    request: Request
    viewer: Viewer
    page_name: str = ""


class Pages:
    """Renders templates. Autoescaping is on for all of them, and a name that is not there is an error."""

    def __init__(self, deps: ConsoleDeps, assets: Assets) -> None:
        self._deps = deps
        self._environment = Environment(
            loader=PackageLoader("gatebook.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals.update(
            asset=assets.url,
            looks=LOOKS,
            role_list=role_list,
            own_page=OWN_PAGE,
            shortcuts=SHORTCUTS,
            does_words=DOES_WORDS,
            version=__version__,
            deployment=deps.deployment,
            mcp_url=deps.mcp_url,
            query_characters_max=LENGTH_MAX,
            iso=times.iso,
            stamp=times.stamp,
            duration=times.duration,
            ago=times.ago,
            export_forms=tuple(FORMS.values()),
            export_order=Order(),
        )

    def render(self, template: str, shown: Shown, **values: Any) -> str:
        """The text of a template for somebody who is signed in."""
        secret = session.secret_of(shown.request, self._deps)
        return self._environment.get_template(template).render(
            viewer=shown.viewer,
            rail=rail_of(shown.viewer),
            viewing_as=viewing_as_words(shown.viewer),
            page_name=shown.page_name,
            theme=theme_of(shown.request),
            csrf=session.csrf_token(secret),
            health=self._health(),
            fresh=False,
            preferences=preferences.of(shown.request),
            slim=shown.request.cookies.get(RAIL_COOKIE) == "slim",
            **values,
        )

    def page(self, template: str, shown: Shown, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, or a fragment of one."""
        return HTMLResponse(self.render(template, shown, **values), status)

    def fragment(self, template: str, kind: str, shown: Shown, **values: Any) -> HTMLResponse:
        """A fragment; the header tells the browser's script that it got what it asked for."""
        return HTMLResponse(self.render(template, shown, **values), headers={FRAGMENT_HEADER: kind})

    def outside(self, template: str, request: Request, status: int = 200, **values: Any) -> HTMLResponse:
        """A page for somebody who is not signed in."""
        return HTMLResponse(self._environment.get_template(template).render(theme=theme_of(request), **values), status)

    def _health(self) -> Any:
        try:
            return self._deps.health()
        except OSError:
            return None


def viewing_as_words(viewer: Viewer) -> str:
    """Whose view an administrator looks at; empty in their own."""
    kind, _, name = viewer.viewing_as.partition(":")
    return (f"role {role_name(name)}" if kind == "role" else f"person {name}") if name else ""


def theme_of(request: Request) -> str:
    """The theme that somebody chose; empty follows the system."""
    theme = request.cookies.get("theme", "")
    return theme if theme in ("light", "dark") else ""


def wanted(request: Request, kind: str) -> bool:
    """Whether the browser's script asks for this fragment only."""
    return request.headers.get(FRAGMENT_HEADER) == kind


def params_of(request: Request) -> Mapping[str, str]:
    """The parameters of the address; the first of each name."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, value)
    return found
