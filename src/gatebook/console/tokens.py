"""Tokens: all of them for administrators, with the service accounts; the form that makes one, and the page that shows it, once."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import tokens_view as view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.once import Once
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.people_view import page_links
from gatebook.console.posting import posted, posted_pairs
from gatebook.console.rail import OWN_CALLS
from gatebook.console.snippets import token_snippets
from gatebook.console.tokens_view import Form, FormError
from gatebook.console.zones import zone_of
from gatebook.identity.issuing import NAME_CHARACTERS_MAX, IssuedToken, TokenOrder, TokenRefused
from gatebook.identity.service_accounts import ServiceOrder
from gatebook.reading.people_room import ME
from gatebook.reading.rights import NotForYou, check_administrator
from gatebook.reading.token_room import Account, Kind, TokenState, Wanted
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_STATUSES: Final = {"missing": 404, "rights": 403, "state": 409}
_OUT_OF_DATE: Final = "This form is out of date, and nothing was done. Try again."
_ADMINISTRATORS: Final = "the tokens of the company are for members of the group admins; your own are on the page My calls"
_TEXT_CHARACTERS_MAX: Final = 200
_PAGE_DIGITS_MAX: Final = 5
_Handler = Callable[[Request, Viewer], Awaitable[Response]]


class TokenPages:
    """Handlers of `/tokens`, `/service-accounts` and `/me/tokens`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._tokens = deps.tokens
        self._pages = pages
        self._made: Once[IssuedToken] = Once()

    def routes(self) -> list[tuple[str, str, _Handler]]:
        """Method, path and handler of each page and form."""
        found: list[tuple[str, str, _Handler]] = [
            ("GET", "/tokens", self._list),
            ("POST", "/tokens/{id}/revoke", self._revoke),
            ("POST", "/service-accounts", self._account),
            ("GET", "/me/tokens/new", self._form),
            ("POST", "/me/tokens/new", self._make),
            ("GET", "/me/tokens/made/{key}", self._show),
        ]
        return [(method, path, self._if_allowed(handler)) for method, path, handler in found]

    def _if_allowed(self, handler: _Handler) -> _Handler:
        async def answer(request: Request, viewer: Viewer) -> Response:
            try:
                return await handler(request, viewer)
            except NotForYou as error:
                return self._problem(request, viewer, 403, "Not for you", as_sentence(error))
            except TokenRefused as error:
                return self._problem(request, viewer, _STATUSES[error.kind], "Not done", as_sentence(error))

        return answer

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        check_administrator(viewer, _ADMINISTRATORS)
        params, now_us = params_of(request), self._deps.room.clock.wall_us()
        text = params.get("q", "")[:_TEXT_CHARACTERS_MAX]
        kind = next((one for one in get_args(Kind) if one == params.get("kind")), None)
        state = next((one for one in get_args(TokenState) if one == params.get("state")), None)
        page = params.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) <= _PAGE_DIGITS_MAX else 1
        found = await self._tokens.tokens(viewer, Wanted(text=text, kind=kind, state=state, page=max(1, number)))
        kept = {name: value for name, value in (("q", text), ("kind", kind), ("state", state)) if value}
        before, after = page_links("/tokens", kept, found.page, found.pages)

        def with_(**more: str) -> str:
            return "/tokens?" + urlencode({name: value for name, value in {**kept, **more}.items() if value})

        values: dict[str, Any] = {
            "tokens": view.token_lines(found.tokens, zone_of(request), now_us, reads_people=viewer.reads_all),
            "accounts": view.account_lines(await self._tokens.accounts(viewer), now_us),
            "found": found,
            "text": text,
            "kept": kept,
            "states": [
                (name, look.word if look else "All", with_(state=name), name == (state or ""))
                for name, look in (("", None), *view.STATES.items())
            ],
            "kinds": [("", "People and service accounts"), *view.KINDS.items()],
            "kind": kind or "",
            "before": before,
            "after": after,
            "back": str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        }
        return self._pages.page("tokens.html", Shown(request=request, viewer=viewer, page_name="Tokens"), **values)

    async def _revoke(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        if fields is None:
            return self._problem(request, viewer, 403, "Not done", _OUT_OF_DATE)
        await self._tokens.revoke(viewer, request.path_params["id"], fields.get("reason"))
        return RedirectResponse("/tokens" if fields.get("from") == "all" else "/me#tokens", 303)

    async def _account(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        if fields is None:
            return self._problem(request, viewer, 403, "Not done", _OUT_OF_DATE)
        groups = fields.get("groups")
        order = ServiceOrder(
            id=fields.get("id", "").strip(),
            owner=fields.get("owner", "").strip() or None,
            name=fields.get("name", "").strip() or None,
            groups=None if groups is None else tuple(group.strip() for group in groups.split(",") if group.strip()),
            keep_tokens=fields.get("keep") == "yes",
            reason=fields.get("reason"),
        )
        await self._tokens.put_account(viewer, order)
        return RedirectResponse("/tokens#accounts", 303)

    async def _form(self, request: Request, viewer: Viewer) -> Response:
        return await self._filled(request, viewer, params_of(request).get("for", ""), Form())

    async def _make(self, request: Request, viewer: Viewer) -> Response:
        pairs = await posted_pairs(request, self._deps)
        if pairs is None:
            return self._problem(request, viewer, 403, "Not done", _OUT_OF_DATE)
        form, account = view.form_of(pairs), dict(pairs).get("for", "")
        try:
            order = TokenOrder(
                person=account or viewer.principal.person,
                name=form.name,
                scopes=view.scopes_of(form),
                expires_us=view.expiry_of(form, self._deps.room.clock.wall_us()),
                never=form.days == view.NEVER,
                reason=form.reason or None,
            )
            issued = await self._tokens.create(viewer, order)
        except FormError as error:
            return await self._filled(request, viewer, account, form, str(error), 400)
        except TokenRefused as error:
            return await self._filled(request, viewer, account, form, as_sentence(error), _STATUSES[error.kind])
        # The secret stands in no address: the page after the form takes it out of memory, and only once.
        return RedirectResponse(f"/me/tokens/made/{self._made.put(viewer.subject, issued)}", 303)

    async def _filled(self, request: Request, viewer: Viewer, account: str, form: Form, error: str = "", status: int = 200) -> Response:
        chosen = await self._chosen(viewer, account)
        if account and chosen is None:
            text = "There is no service account of this name that you answer for."
            return self._problem(request, viewer, 404, "No such service account", text)
        rules = await self._tokens.rules()
        values: dict[str, Any] = {
            "form": form,
            "error": error,
            "account": chosen,
            "connectors": await self._connectors(viewer, account),
            "days": view.days_up_to(rules.service_days_max if account else rules.personal_days_max),
            "never": view.NEVER,
            "name_max": NAME_CHARACTERS_MAX,
        }
        return self._pages.page("token_new.html", self._own(request, viewer), status, **values)

    async def _chosen(self, viewer: Viewer, account: str) -> Account | None:
        if not account:
            return None
        own = await self._tokens.accounts(viewer, own=not viewer.administers)
        return next((one for one in own if one.id == account.lower()), None)

    async def _connectors(self, viewer: Viewer, account: str) -> list[str]:
        """The connectors that may be chosen: those with a tool that the owner of the token may call now."""
        try:
            found = await self._deps.people.person(viewer, account or ME)
        except NotForYou:
            return []  # somebody who answers for an account, and does not read what others may do
        return sorted({one.connector for one in found[1].tools if one.outcome != "denied"}) if found else []

    async def _show(self, request: Request, viewer: Viewer) -> Response:
        issued = self._made.take(viewer.subject, request.path_params["key"])
        if issued is None:
            text = "A token is shown once, right after it was made. If you did not keep it, revoke it and make another."
            return self._problem(request, viewer, 404, "Shown already", text)
        now_us = self._deps.room.clock.wall_us()
        token, person = issued.token, issued.person
        values: dict[str, Any] = {
            "secret": issued.secret,
            "name": token.name,
            "account": person if person.kind == "service" else None,
            "scopes": ", ".join(view.scope_words(scope) for scope in token.scopes) or "everything that its owner may do",
            "days": None if token.expires_us is None else round((token.expires_us - now_us) / 86_400_000_000),
            "snippets_of": token_snippets(self._deps.mcp_url, self._deps.deployment, issued.secret),
        }
        return self._pages.page("token_made.html", self._own(request, viewer), **values)

    def _problem(self, request: Request, viewer: Viewer, status: int, title: str, text: str) -> Response:
        more = {"back": "/tokens", "back_text": "Tokens"} if viewer.administers else {"back": "/me", "back_text": OWN_CALLS}
        return self._pages.page("problem.html", self._own(request, viewer), status, title=title, text=text, **more)

    def _own(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name=OWN_CALLS)
