"""The addresses below /scim/v2: who asks, how much they may send, and the record of every request before its answer."""

import json
import logging
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct
from scim2_models import PayloadTooLargeException, SCIMException, UnauthorizedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.scim.catalog import BODY_BYTES_MAX
from gatebook.identity.scim.directory_tokens import DirectoryToken, find_live
from gatebook.identity.scim.protocol import Handler, Service, is_change
from gatebook.identity.scim.recording import Said, requester_of, said, shown_filter, shown_path
from gatebook.identity.scim.storage import DirectoryStorage
from gatebook.identity.scim.visits import Visit, Visits, make_id
from gatebook.log.errors import LogUnavailable
from gatebook.record.body_directory import DirectoryRequest
from gatebook.record.parts import PartName, Source
from gatebook.state.store import StateError

PREFIX: Final = "/scim/v2"
_OPEN: Final = frozenset(
    {Operation.service_provider_config, Operation.resource_types, Operation.resource_type, Operation.schemas, Operation.schema}
)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_SCHEME: Final = "bearer "
_HEADER_CHARACTERS_MAX: Final = 200
_DETAIL_CHARACTERS_MAX: Final = 500
_AGAIN_S: Final = 5
_NEEDED: Final = "a token of the directory is needed; an administrator makes one in the console, on the page Directory"
_logger = logging.getLogger(__name__)


class ScimDeps(Struct, frozen=True, kw_only=True):
    """What the service provider works with. `base_url` is that of the console listener, without a final slash."""

    journal: Journal
    cutting: Cutting
    visits: Visits
    base_url: str


def routes(deps: ScimDeps) -> list[BaseRoute]:
    """The routes of the console listener that belong to the directory."""
    app = ScimApp(deps)
    return [Route(PREFIX, app), Mount(PREFIX, app)]


class _Asked(Struct):
    """A request under way. `at_us` in microseconds since 1970, `whole`: the body was not too large."""

    request: ScimRequest
    source: Source
    at_us: int
    token: DirectoryToken | None = None
    whole: bool = True
    error: Exception | None = None


class ScimApp:
    """The service provider as an ASGI app."""

    def __init__(self, deps: ScimDeps) -> None:
        self._deps = deps
        self._service = Service()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began_s = time.monotonic()
        asked = self._asked(scope)
        answer = await self._answer(asked, receive)
        if asked.error is not None:
            answer = self._service.error_response(asked.error)
        duration_us = round((time.monotonic() - began_s) * 1_000_000)
        try:
            await self._record(asked, answer, duration_us)
        except LogUnavailable as failure:
            answer = self._service.error_response(failure)
        headers = {"Cache-Control": "no-store", **answer.headers}
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = str(_AGAIN_S)
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        await Response(body, int(answer.status), headers)(scope, receive, send)

    def _asked(self, scope: Scope) -> _Asked:
        request = ScimRequest(
            method=scope["method"],
            base_url=f"{self._deps.base_url}{PREFIX}",
            path=scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(PREFIX) or "/",
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        )
        host, port = scope.get("client") or ("", 0)
        return _Asked(request=request, source=Source(ip=host, port=port), at_us=self._deps.journal.clock.wall_us())

    async def _answer(self, asked: _Asked, receive: Receive) -> ScimResponse:
        """Serve the request; what goes wrong is put into `asked.error`."""
        storage: DirectoryStorage | None = None
        answer = ScimResponse(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            asked.token = self._token(asked)
            if asked.token is None and not self._is_open(asked.request):
                raise UnauthorizedException(detail=_NEEDED)
            asked.request.body, asked.whole = await _read(receive)
            if not asked.whole:
                raise PayloadTooLargeException(detail=f"a request must not be larger than {BODY_BYTES_MAX} bytes")
            requester = requester_of(self._deps.journal, asked.token)
            storage = DirectoryStorage(self._deps.journal, self._deps.cutting, requester, writes=is_change(asked.request))
            answer = await Handler(self._service, storage).handle(asked.request)
        except (SCIMException, StateError, LogUnavailable, RecursionError) as failure:
            asked.error = failure
        except Exception as failure:
            _logger.exception("a request of the directory failed")
            asked.error = failure
        if storage is not None:
            # Also after an error: the operations of a bulk request before the one that failed are committed.
            await self._settle(storage)
        return answer

    def _token(self, asked: _Asked) -> DirectoryToken | None:
        header = asked.request.header("Authorization") or ""
        secret = header[len(_SCHEME) :].strip()
        if header[: len(_SCHEME)].lower() != _SCHEME or len(header) > _HEADER_CHARACTERS_MAX or not secret.isascii():
            return None
        with self._deps.journal.store.read() as connection:
            return find_live(connection, secret, asked.at_us)

    def _is_open(self, request: ScimRequest) -> bool:
        try:
            return self._service.match(request).operation in _OPEN
        except SCIMException:
            return False

    async def _settle(self, storage: DirectoryStorage) -> None:
        if storage.severed:
            await self._deps.cutting.settle(storage.severed)
        if storage.revision is not None:
            await self._deps.cutting.in_force(storage.revision)

    async def _record(self, asked: _Asked, answer: ScimResponse, duration_us: int) -> None:
        journal, request = self._deps.journal, asked.request
        requester = requester_of(journal, asked.token)
        body = said(request.body) if asked.whole else Said(dropped="too_large")
        visit = Visit(
            id=make_id(),
            at_us=asked.at_us,
            token=asked.token.id if asked.token else None,
            method=request.method if request.method in _METHODS else "…",
            path=shown_path(request.path),
            status=int(answer.status),
            duration_us=duration_us,
            detail=_detail(answer)[:_DETAIL_CHARACTERS_MAX],
        )
        record = DirectoryRequest(
            method=visit.method,
            path=visit.path,
            status=visit.status,
            actor=requester.actor,
            source=asked.source,
            duration_us=duration_us,
            filter=shown_filter(request.query.get("filter")),
            error=(answer.body or {}).get("scimType") if visit.status >= HTTPStatus.BAD_REQUEST else None,
            operations=body.operations,
            body_dropped=body.dropped,
        )
        parts: list[tuple[PartName, bytes]] = []
        if asked.token is not None:
            parts.append(("identity", requester.identity))
            parts += [] if body.text is None else [("message", body.text)]
            parts += [("arguments", json.dumps(dict(request.query)).encode())] if request.query else []
        await journal.record(record, requester.actor.subject, parts)
        self._deps.visits.add(visit)


def _detail(answer: ScimResponse) -> str:
    """What was wrong, for people; of a bulk request the first operation that failed."""
    body = answer.body or {}
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return str(body.get("detail") or answer.status.phrase)
    failed = [one["response"] for one in body.get("Operations", ()) if isinstance(one.get("response"), dict)]
    return f"{len(failed)} of the operations failed: {failed[0].get('detail')}" if failed else ""


async def _read(receive: Receive) -> tuple[bytes, bool]:
    """The body, as far as it may be long, and whether that was all."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        if len(body) <= BODY_BYTES_MAX:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body[:BODY_BYTES_MAX]), len(body) <= BODY_BYTES_MAX
