"""Policies and guardrails: the lists, one with its history, and the switch between enforcing and observing."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console.changes_view import STATUSES, address
from gatebook.console.deps import ConsoleDeps
from gatebook.console.drafting import EXAMPLES, REASON_CHARACTERS_MAX
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.console.readers import Handler, Readers, check_administers
from gatebook.console.rules_view import PLACES, rule_row, rule_view
from gatebook.console.zones import zone_of
from gatebook.reading.rule_facts import ChangeRefused, Listed
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.governance import ONLY_NAME, GovernanceSpec

_STALE = "This form is out of date, and nothing was changed. Look again."
_PAGES: dict[Listed, str] = {"Policy": "Policies", "Guardrail": "Guardrails"}


class RulePages:
    """Handlers of `/policies` and `/guardrails`, of one of them, and of its mode."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, kind: Listed) -> None:
        self._deps = deps
        self._pages = pages
        self._kind = kind

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        place, readers = f"/{PLACES[self._kind]}", Readers(self._pages, _PAGES[self._kind])
        return [
            ("GET", place, readers(self._list)),
            ("GET", f"{place}/{{name}}", readers(self._one)),
            ("POST", f"{place}/{{name}}/mode", readers(self._switch)),
        ]

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        now_us = self._deps.room.clock.wall_us()
        found = await self._deps.rules.rules(viewer, self._kind)
        proposals = await self._deps.rules.proposals(viewer)
        return self._pages.page(
            "rules.html",
            self._shown(request, viewer),
            kind=self._kind,
            rows=[rule_row(facts, number, now_us) for number, facts in enumerate(found, 1)],
            waiting=sum(1 for one in proposals if one.state == "open"),
            default=(await governance_of(self._deps, viewer)).default,
            new=address(self._kind, ""),
            governance=address("Governance", ONLY_NAME),
            example=EXAMPLES[self._kind],
        )

    async def _one(self, request: Request, viewer: Viewer) -> Response:
        return await self._page(request, viewer)

    async def _page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200) -> Response:
        found = await self._deps.rules.resource(viewer, self._kind, request.path_params["name"])
        if found is None:
            text = f"There is no {self._kind.lower()} of this name, and never was."
            more = {"back": f"/{PLACES[self._kind]}", "back_text": f"All {PLACES[self._kind]}"}
            return self._pages.page(
                "problem.html", self._shown(request, viewer), 404, title=f"No such {self._kind.lower()}", text=text, **more
            )
        view = rule_view(found, self._kind, zone_of(request), self._deps.room.clock.wall_us())
        return self._pages.page("rule.html", self._shown(request, viewer), status, one=view, error=error)

    async def _switch(self, request: Request, viewer: Viewer) -> Response:
        check_administers(viewer, "change what is governed")
        name, fields = request.path_params["name"], await posted(request, self._deps)
        mode, base = _mode(fields or {}), (fields or {}).get("base", "")
        if mode is None or not (base.isascii() and base.isdigit() and len(base) < 10):
            return await self._page(request, viewer, _STALE, 400)
        reason = (fields or {}).get("reason", "").strip()[:REASON_CHARACTERS_MAX]
        if not reason:
            return await self._page(request, viewer, "Say why: the reason stands in the record.", 400)
        try:
            made = await self._deps.rules.set_mode(viewer, self._kind, name, mode, reason, int(base))
        except DocumentError as error:
            return await self._page(request, viewer, f"Nothing was changed. {as_sentence(error.problems[0])}", 400)
        except ChangeRefused as refused:
            return await self._page(request, viewer, f"{as_sentence(refused)} Nothing was changed.", STATUSES[refused.kind])
        return RedirectResponse(f"/changes/{made.proposal}" if made.proposal else f"/{PLACES[self._kind]}/{name}", 303)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name=_PAGES[self._kind])


async def governance_of(deps: ConsoleDeps, viewer: Viewer) -> GovernanceSpec:
    """What all policies and guardrails have in common. Raises NotForYou, StateError."""
    found = await deps.rules.resource(viewer, "Governance", ONLY_NAME)
    if found is None or not found.yaml:
        return GovernanceSpec()
    spec: GovernanceSpec = parse_documents(found.yaml, "stored")[0].spec
    return spec


def _mode(fields: dict[str, str]) -> Literal["enforce", "observe"] | None:
    match fields.get("mode"):
        case "enforce":
            return "enforce"
        case "observe":
            return "observe"
    return None
