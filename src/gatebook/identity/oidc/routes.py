"""The addresses at which identity providers call: machines, which get JSON and no page."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gatebook.identity.oidc.problems import SignalRefused
from gatebook.identity.oidc.signals import REVOCATION_PATH, Signals
from gatebook.log.errors import LogUnavailable
from gatebook.record.parts import Source
from gatebook.state.store import StateError

LOGOUT_PATH = "/oidc/backchannel-logout"
BODY_BYTES_MAX = 64 * 1024
_NO_STORE = {"cache-control": "no-store"}
_logger = logging.getLogger(__name__)
_Handler = Callable[[Request], Awaitable[Response]]


def routes(signals: Signals) -> list[BaseRoute]:
    """The routes of both signals."""

    async def logout(request: Request) -> Response:
        form = await _form(request)
        if "logout_token" not in form:
            raise SignalRefused(400, "invalid_request", "the body has to be a form with the field logout_token")
        await signals.logout(form["logout_token"], _source(request))
        return Response(status_code=200, headers=_NO_STORE)

    async def revoke(request: Request) -> Response:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not bearer:
            raise SignalRefused(401, "invalid_token", "a signed token of the identity provider is needed in the header Authorization")
        found = await signals.revoke(bearer.strip(), await _body(request), _source(request))
        return Response(status_code=204, headers=_NO_STORE) if found else _answer(404, "not_found", "nobody here is the subject")

    return [
        Route(LOGOUT_PATH, _guarded(logout), methods=["POST"]),
        Route(REVOCATION_PATH, _guarded(revoke), methods=["POST"]),
    ]


def _guarded(handler: _Handler) -> _Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except SignalRefused as refused:
            _logger.warning("a signal to %s was refused: %s", request.url.path, refused)
            return _answer(refused.status, refused.error, str(refused))
        except (LogUnavailable, StateError) as error:
            _logger.error("a signal to %s could not be taken: %s", request.url.path, error)
            return _answer(503, "temporarily_unavailable", "it cannot be recorded now, so nothing was done; send it again")

    return answer


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise SignalRefused(400, "invalid_request", f"the body is larger than {BODY_BYTES_MAX // 1024} KiB")
    return bytes(body)


async def _form(request: Request) -> dict[str, str]:
    try:
        pairs = parse_qsl((await _body(request)).decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise SignalRefused(400, "invalid_request", "the body is not a form") from error
    return dict(pairs)


def _answer(status: int, error: str, text: str) -> Response:
    headers = {**_NO_STORE, **({"www-authenticate": f'Bearer error="{error}"'} if status == 401 else {})}
    return JSONResponse({"error": error, "error_description": text}, status_code=status, headers=headers)


def _source(request: Request) -> Source:
    host, port = request.client or ("", 0)
    return Source(ip=host, port=port)
