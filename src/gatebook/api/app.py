"""The ASGI app of the API. Mount it at `/api`: the console's listener for tokens and sessions, the unix socket for the local administrator."""

import logging
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebook.api import params, problems
from gatebook.api.caller import identify
from gatebook.api.calls import Calls, answer
from gatebook.api.deps import ApiDeps
from gatebook.api.problems import Problem
from gatebook.api.tail import Tail
from gatebook.index import CursorError, EngineError, QueryTooHeavy
from gatebook.log.errors import LogDamaged, LogUnavailable
from gatebook.query import QueryError
from gatebook.reading.records import KINDS, RecordQuestion, find
from gatebook.reading.room import TooSlow

_logger = logging.getLogger(__name__)
_Handler = Callable[[Request], Awaitable[Response]]


def create_api(deps: ApiDeps) -> Starlette:
    """Make the app."""
    calls, tail = Calls(deps), Tail(deps)

    async def records(request: Request) -> Response:
        viewer = await identify(request, deps)
        asked = request.query_params
        kind = asked.get("kind", "")
        if kind and kind not in KINDS:
            raise params.bad("kind", f"must be one of {', '.join(KINDS)}")
        question = RecordQuestion(
            kind=kind,
            since_us=params.moment(asked, "since"),
            until_us=params.moment(asked, "until"),
            before=params.cursor(asked),
            limit=params.limit(asked),
        )
        page = await deps.room.ask(lambda: find(deps.room.index, viewer, question))
        await deps.room.note(viewer, "search", question.words(), rows=len(page.rows))
        rows = [{"id": row.id, "core": msgspec.Raw(row.summary.encode())} for row in page.rows]
        return answer({"records": rows, "next_cursor": page.next})

    async def status(request: Request) -> Response:
        await identify(request, deps)
        health = deps.health()
        return answer({**msgspec.structs.asdict(health), "records": health.records, "sealed_fresh": health.sealed_fresh})

    routes = {
        "/v1/calls": calls.search,
        "/v1/calls/{id}": calls.show,
        "/v1/calls/{id}/proof": calls.prove,
        "/v1/tail": tail.follow,
        "/v1/records": records,
        "/v1/status": status,
    }
    return Starlette(
        routes=[Route(path, _guarded(handler), methods=["GET"]) for path, handler in routes.items()],
        exception_handlers={HTTPException: _not_found},
    )


def _guarded(handler: _Handler) -> _Handler:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:
            return problems.respond(_problem_of(error))

    return guarded


def _problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case QueryError():
            return problems.of_query(error)
        case CursorError():
            return params.bad("cursor", "is not one that this API gave out")
        case QueryTooHeavy() | TooSlow():
            return Problem(503, "The query is too heavy", "No answer within the budget of time and memory; a shorter time range helps.")
        case LogUnavailable():
            return Problem(503, "The log cannot be written", f"Nothing is shown that is not on the record first: {error}.")
        case LogDamaged():
            return Problem(500, "The log is damaged", str(error))
    _logger.error("a request to the API failed", exc_info=error)
    if isinstance(error, EngineError):
        return Problem(503, "The index does not answer", "The search index failed; calls go on and are recorded.")
    return Problem(500, "The keeper failed", "Its own log says why.")


async def _not_found(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problems.respond(
        Problem(status, "Not found" if status == 404 else "Not allowed", "There is no such address, or not with this method.")
    )
