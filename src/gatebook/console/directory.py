"""The directory for administrators: how it connects, its tokens, its newest requests, its groups and what they grant."""

import re
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import times
from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.posting import posted
from gatebook.console.readers import Handler, Readers
from gatebook.console.role_names import role_title
from gatebook.definitions.telling import one_line
from gatebook.identity.scim.directory_tokens import DirectoryToken
from gatebook.identity.scim.provisioning import DirectoryTokenOrder
from gatebook.identity.scim.visits import Visit
from gatebook.reading.directory_room import PAGE, Naming
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.store import StateError

_STALE: Final = "This form is out of date, and nothing was changed. Look again."
_NUMBER: Final = re.compile(r"[1-9]\d{0,3}")
_DAY_US: Final = 86_400_000_000
_LIVES: Final = {"90": "90 days", "180": "180 days", "365": "A year", "never": "Until it is revoked"}
_KINDS: Final = {
    "Connector": ("Connector", "/connectors/{}"),
    "ToolPack": ("Tool pack", ""),
    "Role": ("Role", "/roles#role-{}"),
    "Policy": ("Policy", "/policies/{}"),
    "Governance": ("Governance", ""),
}


class DirectoryPages:
    """Handlers of `/directory`, `/directory/tokens` and `/directory/groups/{id}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        own = Readers(self._pages, "Directory")
        return [
            ("GET", "/directory", own(self._show)),
            ("POST", "/directory/tokens", own(self._tokens)),
            ("GET", "/directory/groups/{id}", own(self._group)),
        ]

    async def _show(self, request: Request, viewer: Viewer) -> Response:
        return await self._page(request, viewer)

    async def _page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200, made: Any = None) -> Response:
        params = params_of(request)
        failures = params.get("show") == "failed"
        number = int(params["page"]) if _NUMBER.fullmatch(params.get("page", "")) else 1
        facts = await self._deps.provisioned.facts(viewer)
        found = await self._deps.provisioned.requests(viewer, failures=failures, page=number)
        names = {token.id: token.name or token.id for token in facts.tokens}
        kept = "show=failed&" if failures else ""
        values: dict[str, Any] = {
            "error": error,
            "made": made,
            "facts": facts,
            "changed": times.ago(facts.now_us - facts.changed_us) if facts.changed_us else "never",
            "tokens": [token_row(token, facts.now_us) for token in facts.tokens],
            "groups": [
                {"one": one, "href": f"/directory/groups/{one.id}", "changed": times.ago(facts.now_us - one.changed_us)}
                for one in facts.groups
            ],
            "requests": [request_row(visit, facts.now_us, names) for visit in found],
            "failures": failures,
            "before": f"/directory?{kept}page={number - 1}#requests" if number > 1 else "",
            "after": f"/directory?{kept}page={number + 1}#requests" if len(found) == PAGE else "",
            "lives": _LIVES,
        }
        return self._pages.page("directory.html", self._shown(request, viewer), status, **values)

    async def _tokens(self, request: Request, viewer: Viewer) -> Response:
        """Make a token, which is shown on the answer and never again; or revoke one."""
        fields = await posted(request, self._deps)
        if fields is None:
            return await self._page(request, viewer, _STALE, 400)
        try:
            if fields.get("revoke"):
                await self._deps.provisioned.revoke_token(viewer, fields["revoke"])
                return RedirectResponse("/directory", 303)
            life = fields.get("life", "365")
            expires_us = None if life == "never" else self._deps.room.clock.wall_us() + int(life if life in _LIVES else "365") * _DAY_US
            made = await self._deps.provisioned.create_token(
                viewer, DirectoryTokenOrder(name=fields.get("name", ""), expires_us=expires_us)
            )
        except StateError as error:
            return await self._page(request, viewer, as_sentence(error), 409)
        return await self._page(request, viewer, made=made)

    async def _group(self, request: Request, viewer: Viewer) -> Response:
        found = self._deps.provisioned.group(viewer, request.path_params["id"])
        if found is None:
            more = {"back": "/directory", "back_text": "Directory"}
            text = "The directory has no such group, or not any more."
            return self._pages.page("problem.html", self._shown(request, viewer), 404, title="No such group", text=text, **more)
        values: dict[str, Any] = {
            "found": found,
            "members": [self._member(id) for id in found.members],
            "naming": [naming_row(one) for one in found.naming],
            "changed": times.ago(self._deps.room.clock.wall_us() - found.group.changed_us),
        }
        return self._pages.page("directory_group.html", self._shown(request, viewer), **values)

    def _member(self, id: str) -> dict[str, str]:
        person = self._deps.accesses().people.get(id)
        name = one_line(person.name, NAME_CHARACTERS_MAX) if person is not None else ""
        return {"id": id, "name": name or id, "href": f"/people/{quote(id, safe='')}"}

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Directory")


def token_row(token: DirectoryToken, now_us: int) -> dict[str, Any]:
    """A token as the template shows it."""
    look = {"outcome": "ok", "shape": "ok", "word": "Valid"}
    if token.revoked_us is not None:
        look = {"outcome": "blocked", "shape": "blocked", "word": "Revoked"}
    elif not token.is_live(now_us):
        look = {"outcome": "other", "shape": "other", "word": "Expired"}
    return {
        "one": token,
        "look": look,
        "live": token.is_live(now_us),
        "created": times.ago(now_us - token.created_us),
        "by": one_line(_who(token.created_by), NAME_CHARACTERS_MAX),
        "until": times.stamp(token.expires_us)[:10] if token.expires_us else "never",
        "last": times.ago(now_us - token.last_used_us) if token.last_used_us else "never",
    }


def _who(created_by: str) -> str:
    kind, _, account = created_by.partition(":")
    return f"{account} on the host" if kind == "os" and account else created_by


def request_row(visit: Visit, now_us: int, names: dict[str, str]) -> dict[str, Any]:
    """A request as the template shows it."""
    failed = visit.status >= 400
    look = {"outcome": "failed" if failed else "ok", "shape": "failed" if failed else "ok", "word": str(visit.status)}
    return {
        "one": visit,
        "look": look,
        "ago": times.ago(now_us - visit.at_us),
        "token": names.get(visit.token or "", visit.token or "none that is good"),
        "took": times.duration(visit.duration_us),
    }


def naming_row(one: Naming) -> dict[str, str]:
    """What names a group, as the template shows it."""
    kind, address = _KINDS[one.kind]
    name = role_title(one.name) if one.kind == "Role" else one.name
    return {"kind": kind, "name": name, "does": one.does[:1].upper() + one.does[1:], "href": address.format(quote(one.name, safe=""))}
