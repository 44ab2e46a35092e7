"""The ASGI app of the API. Mount it at `/api`: the console's listener for tokens and sessions, the unix socket for the local administrator."""

import logging
from collections.abc import Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebook.api import bodies, params, problems
from gatebook.api.access_requests import AccessRequests
from gatebook.api.ai_clients import AiClients
from gatebook.api.approvals import Approvals
from gatebook.api.caller import identify
from gatebook.api.calls import Calls
from gatebook.api.casework import Casework
from gatebook.api.changes import Changes
from gatebook.api.connections import Connections
from gatebook.api.connectors import Connectors
from gatebook.api.cut_offs import CutOffs
from gatebook.api.deps import ApiDeps
from gatebook.api.directory import Directories
from gatebook.api.document import document
from gatebook.api.exports import Exports
from gatebook.api.grants import Grants
from gatebook.api.guardrails import Guardrails
from gatebook.api.operations import Ask, Operation, respond
from gatebook.api.people import People
from gatebook.api.policies import Policies
from gatebook.api.preferences import Preferences
from gatebook.api.problems import HEADERS, Problem
from gatebook.api.records import Records
from gatebook.api.roles import Roles
from gatebook.api.rules import Rules
from gatebook.api.saved import SavedSearches
from gatebook.api.shares import Shares
from gatebook.api.summaries import Summaries
from gatebook.api.tail import Tail
from gatebook.api.tokens import Tokens
from gatebook.api.values import Values
from gatebook.identity.issuing import TokenRefused
from gatebook.index import CursorError, EngineError, QueryTooHeavy
from gatebook.log.errors import LogDamaged, LogUnavailable
from gatebook.query import QueryError
from gatebook.reading.decisions import DecisionRefused
from gatebook.reading.grant_room import UseUnknown
from gatebook.reading.rights import NotForYou
from gatebook.reading.room import TooSlow
from gatebook.reading.rule_facts import ChangeRefused
from gatebook.reading.saved import Conflict, SavedError
from gatebook.reading.wording import as_sentence
from gatebook.state.documents import DocumentError
from gatebook.state.store import StateError

_logger = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")


def create_api(deps: ApiDeps) -> Starlette:
    """Make the app."""
    table = all_operations(deps)
    paths: dict[str, dict[str, Operation]] = {}
    for operation in table:
        paths.setdefault(operation.path, {})[operation.method] = operation
    return Starlette(
        routes=[_route(deps, path, methods) for path, methods in paths.items()],
        exception_handlers={HTTPException: _not_found},
    )


def all_operations(deps: ApiDeps) -> tuple[Operation, ...]:
    """The whole table, the operation that shows it as a document included."""
    parts = (
        Calls(deps),
        Casework(deps),
        Summaries(deps),
        Values(deps),
        SavedSearches(deps),
        Shares(deps),
        Preferences(deps),
        Exports(deps),
        Approvals(deps),
        AccessRequests(deps),
        Connections(deps),
        Connectors(deps),
        People(deps),
        Directories(deps),
        CutOffs(deps),
        Roles(deps),
        AiClients(deps),
        Grants(deps),
        Tokens(deps),
        Tail(deps),
        Records(deps),
        Policies(deps),
        Rules(deps),
        Changes(deps),
        Guardrails(deps),
    )
    table = tuple(operation for part in parts for operation in part.operations())
    return (*table, _self_description(table))


def _self_description(table: Sequence[Operation]) -> Operation:
    async def handle(_ask: Ask) -> Response:
        return Response(encoded, media_type="application/json", headers=HEADERS)

    described = Operation(
        name="showOpenApi",
        method="GET",
        path="/v1/openapi.json",
        group="keeper",
        handle=handle,
        summary="This document, OpenAPI 3.1.",
        answer=dict[str, msgspec.Raw],
    )
    encoded = msgspec.json.encode(document([*table, described]))
    return described


def _route(deps: ApiDeps, path: str, methods: Mapping[str, Operation]) -> Route:
    async def answer(request: Request) -> Response:
        if request.method not in allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        try:
            return await _answer(request, methods["GET" if request.method == "HEAD" else request.method], deps)
        except Exception as error:
            return problems.respond(_problem_of(error))

    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
    # All of them: else a method that is not allowed here would be tried at a later address that this one also fits, such as `/{id}`.
    return Route(path, answer, methods=_METHODS)


async def _answer(request: Request, operation: Operation, deps: ApiDeps) -> Response:
    viewer = await identify(request, deps)
    if operation.changes:
        bodies.check_origin(request, viewer)
    values = params.read_all(operation.parameters, request.query_params, request.path_params)
    body = None if operation.body is None else await bodies.read_body(request, operation.body)
    return respond(operation, await operation.handle(Ask(viewer=viewer, values=values, body=body, request=request)))


def _problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case QueryError():
            return problems.of_query(error)
        case DecisionRefused():
            return problems.of_decision(error)
        case ChangeRefused():
            return problems.of_change(error)
        case TokenRefused():
            return problems.of_token(error)
        case DocumentError():
            return Problem(400, "What should be changed is not valid", error.problems[0], problems=error.problems)
        case NotForYou():
            return Problem(403, "Not for you", as_sentence(error))
        case UseUnknown():
            return Problem(503, "Use cannot be told now", as_sentence(error))
        case CursorError():
            return params.bad("before", "is not a cursor that this API gave out")
        case QueryTooHeavy() | TooSlow():
            return Problem(503, "The query is too heavy", "No answer within the budget of time and memory; a shorter time range helps.")
        case LogUnavailable():
            return Problem(503, "The log cannot be written", f"Nothing is shown that is not on the record first: {error}.")
        case SavedError():
            return Problem(400, "It cannot be kept like that", f"{error.field} {error}.", parameter=error.field)
        case Conflict():
            return Problem(409, "It cannot be kept now", f"{error}.")
        case LogDamaged():
            return Problem(500, "The log is damaged", str(error))
    _logger.error("a request to the API failed", exc_info=error)
    if isinstance(error, EngineError):
        return Problem(503, "The index does not answer", "The search index failed; calls go on and are recorded.")
    if isinstance(error, StateError):
        return Problem(503, "State does not answer", "What people have saved cannot be read or written now; calls go on and are recorded.")
    return Problem(500, "The keeper failed", "Its own log says why.")


async def _not_found(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    allowed = (error.headers or {}).get("Allow") if isinstance(error, HTTPException) else None
    response = problems.respond(
        Problem(status, "Not found" if status == 404 else "Not allowed", "There is no such address, or not with this method.")
    )
    if allowed:
        response.headers["allow"] = ", ".join(sorted(allowed.split(", ")))
    return response
