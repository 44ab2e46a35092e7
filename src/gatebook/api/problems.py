"""Errors as RFC 9457 problem details, with the position in the query where there is one."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatebook.identity.issuing import TokenRefused
from gatebook.query import QueryError
from gatebook.reading.decisions import DecisionRefused
from gatebook.reading.rule_facts import ChangeRefused
from gatebook.reading.wording import as_sentence

_DECISION_STATUSES = {"missing": (404, "Not found"), "rights": (403, "Not allowed"), "state": (409, "It cannot be decided like that")}
_CHANGE_STATUSES = {
    "unknown": (404, "Not found"),
    "own": (403, "Not allowed"),
    "moved": (409, "Changed meanwhile"),
    "state": (409, "Not possible now"),
}
_TOKEN_STATUSES = {"missing": (404, "Not found"), "rights": (403, "Not allowed"), "state": (409, "Not like that")}
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Problem(Exception):
    """An answer that is an error. `detail` is one sentence for people; `more` are further members."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.more = more


def respond(problem: Problem) -> Response:
    """The response for a problem."""
    members = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": str(problem), **problem.more}
    headers = dict(HEADERS)
    if problem.status == 401:
        headers["www-authenticate"] = 'Bearer realm="gatebook"'
    if "scope" in problem.more:
        headers["www-authenticate"] = f'Bearer realm="gatebook", error="insufficient_scope", scope="{problem.more["scope"]}"'
    return Response(msgspec.json.encode(members), problem.status, media_type="application/problem+json", headers=headers)


def of_query(error: QueryError) -> Problem:
    """The problem of a query that does not parse."""
    more = {"position": error.position, "expected": error.expected, "nearest": error.nearest}
    return Problem(400, "The query is not valid", str(error), **{name: value for name, value in more.items() if value is not None})


def of_decision(refused: DecisionRefused) -> Problem:
    """The problem of a decision that cannot be made."""
    status, title = _DECISION_STATUSES[refused.kind]
    return Problem(status, title, as_sentence(refused))


def of_token(refused: TokenRefused) -> Problem:
    """The problem of a token that is not made or revoked."""
    status, title = _TOKEN_STATUSES[refused.kind]
    return Problem(status, title, as_sentence(refused))


def of_change(refused: ChangeRefused) -> Problem:
    """The problem of a change that is not made."""
    status, title = _CHANGE_STATUSES[refused.kind]
    return Problem(status, title, as_sentence(refused))
