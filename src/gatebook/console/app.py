"""The ASGI app of the console."""

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gatebook.console import columns, session
from gatebook.console.ai_clients import ClientPages
from gatebook.console.assets import Assets
from gatebook.console.backtest import BacktestPages
from gatebook.console.brief import Brief
from gatebook.console.calls import CallPages
from gatebook.console.changes import ChangePages
from gatebook.console.completion import CompletionPages
from gatebook.console.connections import ConnectionPages
from gatebook.console.connectors import ConnectorPages
from gatebook.console.consent import Consent
from gatebook.console.cut_offs import CutOffPages
from gatebook.console.deps import ConsoleDeps
from gatebook.console.directory import DirectoryPages
from gatebook.console.editor import Editor
from gatebook.console.explorer import Explorer
from gatebook.console.exports import ExportPages
from gatebook.console.grants import GrantPages
from gatebook.console.headers import SecurityHeaders
from gatebook.console.investigate import InvestigationPages
from gatebook.console.live import Live
from gatebook.console.login import LOGIN_PATH, LOGOUT_PATH, SIGNED_OUT_PATH, LoginPages, login_address
from gatebook.console.my_calls import MyCalls
from gatebook.console.narrowing import Narrowing
from gatebook.console.pages import Pages, Shown
from gatebook.console.palette import Palette
from gatebook.console.people import PeoplePages
from gatebook.console.preferences import Preferences
from gatebook.console.records import RecordPages
from gatebook.console.requests import RequestPages
from gatebook.console.roles import RolePages
from gatebook.console.rules import RulePages
from gatebook.console.saved_pages import SavedPages
from gatebook.console.sessions import SessionPages
from gatebook.console.sign_in import SignIn
from gatebook.console.tester import TesterPages
from gatebook.console.tokens import TokenPages
from gatebook.console.trends import TrendsPages
from gatebook.index import EngineError
from gatebook.log.errors import LogDamaged, LogUnavailable
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer
from gatebook.state.store import StateError

_logger = logging.getLogger(__name__)
_Open = Callable[[Request], Awaitable[Response]]
_Signed = Callable[[Request, Viewer], Awaitable[Response]]


def create_console(deps: ConsoleDeps) -> Starlette:
    """Make the app; mount it at the root of the console's listener, behind the API."""
    assets = Assets()
    pages = Pages(deps, assets)
    preferences = Preferences(deps)
    sign_in, login = SignIn(deps, pages), LoginPages(deps, pages)

    def signed(handler: _Signed) -> _Open:
        async def answer(request: Request) -> Response:
            viewer = session.viewer_of(request, deps)
            if viewer is None:
                # A script that asks for a fragment shall not get the sign-in page as one.
                return (
                    PlainTextResponse("Not signed in", 401)
                    if "x-fragment" in request.headers
                    else RedirectResponse(login_address(request), 303)
                )
            try:
                await preferences.load(request, viewer)
                return await handler(request, viewer)
            except (EngineError, LogDamaged, LogUnavailable, StateError, TooSlow) as error:
                return _problem(pages, request, viewer, error)

        return answer

    async def not_found(request: Request, error: Exception) -> Response:
        viewer = session.viewer_of(request, deps)
        status = error.status_code if isinstance(error, HTTPException) else 500
        if viewer is None:
            return (
                RedirectResponse(LOGIN_PATH, 303) if status == 404 and request.method == "GET" else PlainTextResponse("Not allowed", status)
            )
        shown = Shown(request=request, viewer=viewer)
        return pages.page("problem.html", shown, status, title="No such page", text="The address leads nowhere in this console.")

    routes = [
        *(Route(path, signed(handler), methods=[method]) for method, path, handler in _signed_routes(deps, pages, preferences)),
        Route("/login", _guarded(login.show), methods=["GET"]),
        Route("/login/{provider}", _guarded(login.begin), methods=["GET"]),
        Route("/idp/callback", _guarded(login.come_back), methods=["GET"]),
        Route(LOGOUT_PATH, _guarded(login.leave), methods=["GET"]),
        Route(SIGNED_OUT_PATH, _guarded(login.go_out), methods=["GET"]),
        Route("/columns.css", columns.serve, methods=["GET"]),
        Route("/sign-in", _guarded(sign_in.form), methods=["GET"]),
        Route("/sign-in", _guarded(sign_in.enter), methods=["POST"]),
        Route("/sign-out", _guarded(sign_in.leave), methods=["POST"]),
        *Consent(deps, pages).routes(_guarded),
        Route("/static/{version}/{name}", assets.serve, methods=["GET"]),
    ]
    return Starlette(
        routes=routes, middleware=[Middleware(SecurityHeaders, https=deps.https)], exception_handlers={HTTPException: not_found}
    )


def _signed_routes(deps: ConsoleDeps, pages: Pages, preferences: Preferences) -> list[tuple[str, str, _Signed]]:
    """What somebody who is signed in can ask for: method, path, handler."""
    explorer = Explorer(deps, pages)
    narrowing = Narrowing(deps, pages, explorer)
    my_calls = MyCalls(deps, pages, explorer)
    saved = SavedPages(deps, pages, explorer)
    exports = ExportPages(deps, pages)
    asked = RequestPages(deps, pages)
    tester, backtest = TesterPages(deps, pages), BacktestPages(deps, pages)
    return [
        ("GET", "/", my_calls.home),
        ("GET", "/me", my_calls.show),
        ("GET", "/live", Live(deps, pages, explorer).follow),
        ("GET", "/calls/{id}", CallPages(deps, pages).show),
        ("GET", "/investigate", InvestigationPages(deps, pages).show),
        ("GET", "/trends", TrendsPages(deps, pages).show),
        ("GET", "/records", RecordPages(deps, pages).show),
        ("GET", "/calls/{id}/brief", Brief(deps, pages).show),
        ("GET", "/complete", CompletionPages(deps, pages, explorer).show),
        ("GET", "/facet", narrowing.facet),
        ("GET", "/range", narrowing.range),
        ("GET", "/narrow", narrowing.narrow),
        ("GET", "/saved", saved.show),
        ("POST", "/saved", saved.create),
        ("POST", "/saved/{id}", saved.change),
        ("POST", "/saved/{id}/delete", saved.delete),
        ("POST", "/share", saved.share),
        ("GET", "/s/{id}", saved.open),
        ("GET", "/palette", Palette(deps, pages).show),
        ("POST", "/preferences", preferences.keep),
        ("GET", "/exports", exports.show),
        ("POST", "/exports", exports.begin),
        ("GET", "/exports/{id}/file", exports.download),
        ("POST", "/exports/{id}/delete", exports.remove),
        ("GET", "/requests", asked.show),
        ("GET", "/approvals/{id}", asked.approval),
        ("POST", "/approvals/{id}", asked.decide),
        ("GET", "/access/{id}", asked.access),
        ("POST", "/access/{id}", asked.act),
        # Before the pages of single guardrails and changes, whose addresses would take these too.
        ("GET", "/guardrails/tester", tester.show),
        ("POST", "/guardrails/tester", tester.run),
        ("POST", "/changes/backtest", backtest.begin),
        ("GET", "/changes/backtests/{id}", backtest.show),
        *ConnectionPages(deps, pages).routes(),
        *CutOffPages(deps, pages).routes(),
        *ConnectorPages(deps, pages).routes(),
        *GrantPages(deps, pages).routes(),
        *RulePages(deps, pages, "Policy").routes(),
        *RulePages(deps, pages, "Guardrail").routes(),
        *Editor(deps, pages).routes(),
        *ChangePages(deps, pages).routes(),
        *SessionPages(deps, pages).routes(),
        *PeoplePages(deps, pages).routes(),
        *ClientPages(deps, pages).routes(),
        *RolePages(deps, pages).routes(),
        *TokenPages(deps, pages).routes(),
        *DirectoryPages(deps, pages).routes(),
    ]


def _guarded(handler: _Open) -> _Open:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (LogUnavailable, StateError) as error:
            _logger.error("sign-in or sign-out failed: %s", error)
            return PlainTextResponse("Nobody can sign in or out now, because it cannot be recorded. Try again in a moment.\n", 503)

    return answer


def _problem(pages: Pages, request: Request, viewer: Viewer, error: Exception) -> Response:
    shown = Shown(request=request, viewer=viewer)
    here = {"back": str(request.url.path), "back_text": "Try again"}
    if isinstance(error, LogUnavailable):
        text = f"Nothing is shown that is not on the record first, and {error}."
        return pages.page("problem.html", shown, 503, title="The log cannot be written", text=text, **here)
    if isinstance(error, LogDamaged):
        return pages.page("problem.html", shown, 500, title="The log is damaged", text=f"{error}. Run gatebook verify.", **here)
    if isinstance(error, StateError):
        return pages.page(
            "problem.html", shown, 503, title="The state cannot be read", text=f"{error}. Calls go on and are recorded.", **here
        )
    _logger.error("a page failed", exc_info=error)
    text = "The search index does not answer now. Calls go on and are recorded."
    return pages.page("problem.html", shown, 503, title="The index does not answer", text=text, **here)
