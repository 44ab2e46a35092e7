"""The keeper's side of the unix socket: the operations of the command line, the status, and the API for the same caller.

Trust is the permission of the socket's file: whoever may connect is a local administrator. Nothing here listens on a network.
"""

import logging
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gatebook.control.caller import local_caller, name_at_socket
from gatebook.control.client import USER_HEADER
from gatebook.control.desk import Desk
from gatebook.control.operations import OPERATIONS, perform
from gatebook.identity.directory import Principal
from gatebook.identity.peer import PEER_UID
from gatebook.log.errors import LogUnavailable
from gatebook.state.store import StateError

BODY_BYTES_MAX = 64 * 1024 * 1024
CALLER_KEY = "gatebook.principal"
_logger = logging.getLogger(__name__)


def create_app(desk: Desk, subject_of: Callable[[str], str], status: Callable[[], dict[str, Any]], api: ASGIApp | None = None) -> Starlette:
    """The ASGI app of the socket. `api` is mounted at /api with `scope["gatebook.principal"]` set to the local caller."""

    async def operate(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in OPERATIONS:
            return _error(404, f"the keeper does not know {name!r}; is it of another version?")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return _error(413, "the request is too large")
        caller = _caller(request.scope, subject_of)
        try:
            return Response(await perform(desk, name, bytes(body), caller), media_type="application/json")
        except (StateError, msgspec.MsgspecError) as error:
            return _error(400, str(error))
        except LogUnavailable as error:
            return _error(503, f"nothing was changed: {error}")
        except Exception:
            _logger.exception("operation %s failed", name)
            return _error(500, "the keeper failed; its log says why")

    async def show_status(_request: Request) -> Response:
        return JSONResponse(status())

    routes: list[BaseRoute] = [
        Route("/control/{name}", operate, methods=["POST"]),
        Route("/status", show_status, methods=["GET"]),
        Route("/healthz", show_health, methods=["GET"]),
    ]
    if api is not None:
        routes.append(Mount("/api", _AsLocalCaller(api, subject_of)))
    return Starlette(routes=routes)


async def show_health(_request: Request) -> Response:
    """Liveness: the process answers."""
    return Response("ok\n", media_type="text/plain")


class _AsLocalCaller:
    """Marks requests as made by a local administrator."""

    def __init__(self, app: ASGIApp, subject_of: Callable[[str], str]) -> None:
        self._app = app
        self._subject_of = subject_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, CALLER_KEY: _caller(scope, self._subject_of)}
        await self._app(scope, receive, send)


def _caller(scope: Scope, subject_of: Callable[[str], str]) -> Principal:
    claimed = dict(scope["headers"]).get(USER_HEADER.lower().encode(), b"").decode("latin-1")
    return local_caller(name_at_socket(scope.get(PEER_UID), claimed or None), subject_of)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
