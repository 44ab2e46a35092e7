"""Changes that wait for a second person, and the decision about one."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console.changes_view import DAYS, REPLAYED, SCANNING, STATUSES, check_view, proposal_view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.drafting import REASON_CHARACTERS_MAX, Draft
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.console.readers import Handler, Readers, check_administers
from gatebook.console.zones import zone_of
from gatebook.reading.rule_facts import ChangeRefused, Decision, Proposal
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.documents import DocumentError

_STALE: Final = "This form is out of date, and nothing was decided. Look again."
_DECIDED_MAX: Final = 50
_DECISIONS: Final[dict[str, Decision]] = {"applied": "applied", "declined": "declined", "withdrawn": "withdrawn"}


class ChangePages:
    """Handlers of `/changes` and `/changes/{id}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        readers = Readers(self._pages, "Policies")
        return [
            ("GET", "/changes", readers(self._list)),
            ("GET", "/changes/{id}", readers(self._one)),
            ("POST", "/changes/{id}", readers(self._decide)),
        ]

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        zone = zone_of(request)
        found = await self._deps.rules.proposals(viewer)
        waiting = [proposal_view(one, zone) for one in found if one.state == "open"]
        decided = sorted((one for one in found if one.state != "open"), key=lambda one: -(one.decided_us or 0))
        ended = [proposal_view(one, zone) for one in decided[:_DECIDED_MAX]]
        return self._pages.page("changes.html", self._shown(request, viewer), waiting=waiting, ended=ended)

    async def _one(self, request: Request, viewer: Viewer) -> Response:
        return await self._page(request, viewer)

    async def _page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200, reason: str = "") -> Response:
        shown = self._shown(request, viewer)
        found = await self._deps.rules.proposal(viewer, request.path_params["id"])
        if found is None:
            text = "There is no change with this id that waits or waited for somebody."
            return self._pages.page("problem.html", shown, 404, title="No such change", text=text, back="/changes", back_text="All changes")
        draft = _draft(found)
        values: dict[str, Any] = {
            "one": proposal_view(found, zone_of(request)),
            "draft": draft,
            "check": None,
            "days": DAYS,
            "tries_calls": found.state == "open" and any(change.kind in REPLAYED for change in found.changes),
            "tries_payloads": found.state == "open" and any(change.kind in SCANNING for change in found.changes),
            "error": error,
            "reason": reason,
        }
        if found.state == "open":
            values["check"] = check_view(await self._deps.rules.check(viewer, draft.edit), {})
        return self._pages.page("change.html", shown, status, **values)

    async def _decide(self, request: Request, viewer: Viewer) -> Response:
        check_administers(viewer, "decide about changes")
        fields = await posted(request, self._deps)
        decision = _DECISIONS.get((fields or {}).get("decision", ""))
        if fields is None or decision is None:
            return await self._page(request, viewer, _STALE, 400)
        id, reason = request.path_params["id"], fields.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
        try:
            await self._deps.rules.decide(viewer, id, decision, reason)
        except DocumentError as error:
            return await self._page(request, viewer, f"Nothing was changed. {as_sentence(error.problems[0])}", 409, reason)
        except ChangeRefused as refused:
            return await self._page(request, viewer, as_sentence(refused), STATUSES[refused.kind], reason)
        return RedirectResponse(f"/changes/{id}", 303)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Policies")


def _draft(found: Proposal) -> Draft:
    gone = [f"{change.kind}/{change.name}" for change in found.changes if change.action == "deleted"]
    return Draft(text=found.text, deleted=",".join(gone))
