"""Cut-offs: their list, the receipt of each, and the form by which an administrator cuts somebody off."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import cut_offs_view
from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of, wanted
from gatebook.console.people_view import address_of, page_links
from gatebook.console.posting import posted
from gatebook.console.readers import Handler, Readers
from gatebook.console.zones import zone_of
from gatebook.definitions.telling import one_line
from gatebook.identity.cutting import CutOrder
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.store import StateError

_PAGE: Final = re.compile(r"[1-9]\d{0,5}")
_PERSON_CHARACTERS_MAX: Final = 128
REASON_CHARACTERS_MAX: Final = 1000
_STALE: Final = "This form is out of date, and nobody was cut off. Look again."
_NO_REASON: Final = "Say why; it goes on the record. Nobody was cut off."
_NOT_SURE: Final = "Tick the box to confirm. Nobody was cut off."


class CutOffPages:
    """Handlers of `/cut-offs`, `/cut-offs/{id}` and `/people/{id}/cut-off`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        receipts, form = Readers(self._pages, "Cut-offs"), Readers(self._pages, "People")
        return [
            ("GET", "/cut-offs", receipts(self._list)),
            ("GET", "/cut-offs/{id}", receipts(self._receipt)),
            ("GET", "/people/{id}/cut-off", form(self._form)),
            ("POST", "/people/{id}/cut-off", form(self._cut)),
        ]

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        params, zone = params_of(request), zone_of(request)
        person, number = params.get("person", "")[:_PERSON_CHARACTERS_MAX], params.get("page", "1")
        found = self._deps.cut_offs.receipts(viewer, person, int(number) if _PAGE.fullmatch(number) else 1)
        before, after = page_links("/cut-offs", {"person": person} if person else {}, found.page, found.pages)
        values: dict[str, Any] = {
            "rows": [cut_offs_view.row_of(one, zone) for one in found.cut_offs],
            "found": found,
            "person": person,
            "before": before,
            "after": after,
        }
        return self._pages.page("cut_offs.html", self._shown(request, viewer), **values)

    async def _receipt(self, request: Request, viewer: Viewer) -> Response:
        found = self._deps.cut_offs.receipt(viewer, request.path_params["id"])
        shown = self._shown(request, viewer)
        if found is None:
            more = {"back": "/cut-offs", "back_text": "All cut-offs"}
            return self._pages.page("problem.html", shown, 404, title="No such cut-off", text="There is no cut-off of this id.", **more)
        one = cut_offs_view.receipt_view(found, zone_of(request))
        if wanted(request, "receipt"):
            return self._pages.fragment("cut_off_receipt.html", "receipt", shown, one=one)
        return self._pages.page("cut_off.html", shown, one=one)

    async def _form(self, request: Request, viewer: Viewer) -> Response:
        return self._form_page(request, viewer)

    def _form_page(
        self, request: Request, viewer: Viewer, error: str = "", status: int = 200, typed: dict[str, str] | None = None
    ) -> Response:
        found = self._deps.cut_offs.prospect(viewer, request.path_params["id"])
        shown = Shown(request=request, viewer=viewer, page_name="People")
        if found is None:
            more = {"back": "/people", "back_text": "All people"}
            text = "There is nobody of this id in the directory."
            return self._pages.page("problem.html", shown, 404, title="No such person", text=text, **more)
        values: dict[str, Any] = {
            "found": found,
            "name": one_line(found.person_name, NAME_CHARACTERS_MAX),
            "person_href": address_of(found.person),
            "action": address_of(found.person, "/cut-off"),
            "numbers": cut_offs_view.prospect_numbers(found),
            "services": cut_offs_view.service_lines(found.services),
            "own": found.person == viewer.principal.person,
            "reason_max": REASON_CHARACTERS_MAX,
            "typed": typed or {},
            "error": error,
        }
        return self._pages.page("cut_off_form.html", shown, status, **values)

    async def _cut(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        if fields is None:
            return self._form_page(request, viewer, _STALE, 400)
        reason = fields.get("reason", "").strip()
        if not reason or fields.get("sure") != "yes":
            return self._form_page(request, viewer, _NOT_SURE if reason else _NO_REASON, 400, fields)
        order = CutOrder(person=request.path_params["id"], reason=reason, keep_active=fields.get("after") == "active")
        try:
            id = await self._deps.cut_offs.cut(viewer, order)
        except StateError as error:
            return self._form_page(request, viewer, as_sentence(error), 409, fields)
        return RedirectResponse(f"/cut-offs/{id}", 303)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Cut-offs")
