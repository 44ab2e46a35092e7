"""People: the list, what one of them may do, and why. Whoever reads only their own calls has these pages about themselves."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import people_view, why_view
from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.deps import ConsoleDeps
from gatebook.console.numbers import size
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.posting import posted
from gatebook.console.rail import OWN_PAGE
from gatebook.console.sessions import session_lines
from gatebook.console.why_view import Form, FormError
from gatebook.console.zones import zone_of
from gatebook.definitions.key import key_of
from gatebook.definitions.telling import one_line
from gatebook.policy.reach import Reach
from gatebook.reading.people_facts import OUTCOMES, Explained
from gatebook.reading.people_room import ME, Recorded, Wanted, of_outcome
from gatebook.reading.rights import NotForYou
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_OUT_OF_DATE: Final = "This form is out of date, or larger than 128 KiB, and nothing was asked. Try again."
_PAGE: Final = re.compile(r"[1-9]\d{0,5}")
_CALL: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STATES: Final = {"": None, "active": True, "inactive": False}
_TEXT_CHARACTERS_MAX: Final = 200
_Handler = Callable[[Request, Viewer], Awaitable[Response]]


class PeoplePages:
    """Handlers of `/people`, `/people/{id}` and `/people/{id}/why`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, _Handler]]:
        """Method, path and handler of each page and form."""
        return [
            ("GET", "/people", self._if_allowed(self._list)),
            ("GET", "/people/{id}", self._if_allowed(self._person)),
            ("GET", "/people/{id}/why", self._if_allowed(self._why)),
            ("POST", "/people/{id}/why", self._if_allowed(self._ask)),
        ]

    def _if_allowed(self, handler: _Handler) -> _Handler:
        async def answer(request: Request, viewer: Viewer) -> Response:
            try:
                return await handler(request, viewer)
            except NotForYou as error:
                more = {"back": f"/people/{ME}", "back_text": OWN_PAGE}
                shown = Shown(request=request, viewer=viewer)
                return self._pages.page("problem.html", shown, 403, title="Not for you", text=as_sentence(error), **more)

        return answer

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        params, now_us = params_of(request), self._deps.room.clock.wall_us()
        text, state = params.get("q", "")[:_TEXT_CHARACTERS_MAX], params.get("state", "")
        state = state if state in _STATES else ""
        number = params.get("page", "1")
        wanted = Wanted(text=text, active=_STATES[state], page=int(number) if _PAGE.fullmatch(number) else 1)
        found = await self._deps.people.people(viewer, wanted)
        kept = {name: value for name, value in (("q", text), ("state", state)) if value}
        before, after = people_view.page_links("/people", kept, found.page, found.pages)
        values: dict[str, Any] = {
            "rows": [people_view.person_row(one, now_us) for one in found.people],
            "found": found,
            "text": text,
            "state": state,
            "states": [(name, people_view.page_links("/people", {**kept, "state": name}, 2, 2)[0]) for name in _STATES],
            "before": before,
            "after": after,
        }
        return self._pages.page("people.html", self._shown(request, viewer), **values)

    async def _person(self, request: Request, viewer: Viewer) -> Response:
        asked = params_of(request).get("outcome", "")
        outcome: Reach | None = next((one for one in OUTCOMES if one == asked), None)
        found = await self._deps.people.person(viewer, request.path_params["id"])
        if found is None:
            return self._missing(request, viewer)
        detail, tools = found
        own, now_us, zone = _is_own(request, viewer), self._deps.room.clock.wall_us(), zone_of(request)
        shown = of_outcome(tools, outcome)
        values: dict[str, Any] = {
            "row": people_view.person_row(detail, now_us, days=90, outcome=outcome or "", own=own),
            "own": own,
            "standing": people_view.standing(detail.id, self._deps.accesses()),
            "all_tools": len(tools.tools),
            "groups": people_view.matrix(shown, now_us, own=own, reads_all=viewer.reads_all),
            "more": max(0, len(shown.tools) - people_view.TOOLS_MAX),
            "outcome": outcome,
            "tokens": people_view.token_lines(detail.tokens, zone, now_us),
            "grants": people_view.grant_lines(detail, zone),
            "packs": people_view.pack_lines(detail),
            "sessions": session_lines(request, self._deps, viewer, detail.id),
        }
        return self._pages.page("person.html", self._shown(request, viewer), **values)

    async def _why(self, request: Request, viewer: Viewer) -> Response:
        params, id = params_of(request), request.path_params["id"]
        if "call" in params:
            call = params["call"].lower()
            recorded = await self._deps.people.recorded(viewer, id, call if _CALL.fullmatch(call) else "")
            if recorded is None:
                text = "There is no such call of this person, or it is not one that you may see."
                return self._missing(request, viewer, "call", text)
            form = why_view.form_of_call(recorded, key_of(recorded.asked.tool))
            return self._answer(request, viewer, form, await self._deps.people.explain(viewer, id, recorded.asked), recorded)
        return await self._asked(request, viewer, why_view.form_of({**params, "arguments": "{}"}))

    async def _ask(self, request: Request, viewer: Viewer) -> Response:
        # Answered at once: arguments must not stand in an address, where a redirect would have to put them, and nothing is changed.
        fields = await posted(request, self._deps)
        if fields is None:
            return self._missing(request, viewer, "answer", _OUT_OF_DATE, 400)
        return await self._asked(request, viewer, why_view.form_of(fields))

    async def _asked(self, request: Request, viewer: Viewer, form: Form) -> Response:
        id = request.path_params["id"]
        if not (form.connector and form.tool):
            return self._missing(request, viewer, "tool", "Choose a tool on the page of the person.")
        now_us = self._deps.room.clock.wall_us()
        try:
            asked, error = why_view.asked_of(form, now_us), ""
        except FormError as problem:
            asked, error = why_view.asked_of(Form(connector=form.connector, tool=form.tool), now_us), str(problem)
        return self._answer(request, viewer, form, await self._deps.people.explain(viewer, id, asked), error=error)

    def _answer(
        self, request: Request, viewer: Viewer, form: Form, found: Explained | None, recorded: Recorded | None = None, error: str = ""
    ) -> Response:
        if found is None:
            return self._missing(request, viewer)
        own = _is_own(request, viewer)
        id = ME if own else found.person
        large = len(recorded.asked.arguments) if recorded else 0
        values: dict[str, Any] = {
            "own": own,
            "name": one_line(found.name or found.person, NAME_CHARACTERS_MAX),
            "person_href": people_view.address_of(id),
            "action": people_view.address_of(id, "/why"),
            "connector": one_line(found.connector, NAME_CHARACTERS_MAX),
            "tool": one_line(found.tool, NAME_CHARACTERS_MAX),
            "tool_href": people_view.tool_address(found.connector, found.tool) if viewer.reads_all else "",
            "form": form,
            "call": form.call if _CALL.fullmatch(form.call) else "",
            "lost": recorded.lost if recorded else "",
            "large": size(large) if large > why_view.FORM_ARGUMENTS_BYTES_MAX else "",
            "groups_then": ", ".join(recorded.groups) if recorded else "",
            "error": error,
            "answer": None if error else why_view.why_view(found, viewer.reads_all),
        }
        return self._pages.page("why.html", self._shown(request, viewer), 400 if error else 200, **values)

    def _missing(
        self,
        request: Request,
        viewer: Viewer,
        what: str = "person",
        text: str = "There is nobody of this id in the directory.",
        status: int = 404,
    ) -> Response:
        back = ("/people", "All people") if viewer.reads_all else (f"/people/{ME}", OWN_PAGE)
        more = {"back": back[0], "back_text": back[1]}
        return self._pages.page("problem.html", self._shown(request, viewer), status, title=f"No such {what}", text=text, **more)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name=OWN_PAGE if _is_own(request, viewer) else "People")


def _is_own(request: Request, viewer: Viewer) -> bool:
    # Whoever may ask about nobody else has no other page.
    return request.path_params.get("id") == ME or not viewer.reads_all
