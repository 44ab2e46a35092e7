"""One table for everything that the API can be asked: the routes and the OpenAPI document are both made from it, so they cannot differ.

How to add to it: write a module with a class that takes `ApiDeps` and has a method `operations() -> tuple[Operation, ...]`, and add it to
`create_api`. A handler takes an `Ask` (the viewer, the parameters and the body, all of them read and within their limits already) and returns

- a Struct: the answer, encoded as JSON with the operation's `status`; `answer` names its type for the document
- None, where the operation has no `answer` (a 204)
- a `Reply`: the same with headers of its own
- a Starlette `Response`: for what is not JSON, such as a stream or a download; `media_type` says what it is

It raises `Problem` for what cannot be answered; the errors of index, log, state, decisions and query language become
problems by themselves.
Answers are Structs with a docstring, their fields described with `Meta`. Scope: a handler reads through the room with `ask.viewer` only, and
puts the reading on the record (`room.note`) before it returns.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook.api.params import Parameter
from gatebook.api.problems import HEADERS
from gatebook.reading.viewer import Viewer

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]


class Ask(Struct, frozen=True, kw_only=True):
    """One request, let in and read: `values` has every parameter of the operation by name, `body` is of the operation's type."""

    viewer: Viewer
    values: Mapping[str, Any]
    body: Any
    request: Request


class Reply(Struct, frozen=True, kw_only=True):
    """An answer with headers of its own."""

    body: Struct
    headers: Mapping[str, str] = {}


Handler: TypeAlias = Callable[[Ask], Awaitable[Struct | Reply | Response | None]]


class Operation(Struct, frozen=True, kw_only=True):
    """What can be asked at one address with one method. `answer` None: there is no JSON body. `problems`: statuses beside those of every operation."""

    name: str
    method: Method
    path: str
    handle: Handler
    summary: str
    group: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    answer: Any = None
    answer_description: str = "The answer."
    status: int = 200
    media_type: str = "application/json"
    further_media_types: tuple[str, ...] = ()
    problems: Mapping[int, str] = {}

    @property
    def changes(self) -> bool:
        """Whether it changes something, so that a browser's session alone is not enough."""
        return self.method != "GET"


NOT_FOUND: Mapping[int, str] = {404: "There is nothing of this id that the caller may see."}


def respond(operation: Operation, answer: Struct | Reply | Response | None) -> Response:
    """The response for what a handler returned; nobody may store it."""
    if isinstance(answer, Response):
        return answer
    headers = dict(HEADERS)
    if isinstance(answer, Reply):
        headers |= answer.headers
        answer = answer.body
    if operation.answer is None:
        return Response(status_code=operation.status, headers=headers)
    return Response(msgspec.json.encode(answer), operation.status, media_type=operation.media_type, headers=headers)
