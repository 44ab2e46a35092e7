"""The OpenAPI 3.1 document, made from the table of operations and the Structs of its answers. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gatebook.api.operations import Operation
from gatebook.api.params import Parameter

_REF: Final = "#/components/schemas/{name}"
_EVERYWHERE: Final = {
    400: "A parameter, the query or the body is not valid.",
    401: "Not signed in, or the token was refused.",
    414: "The address has more than 65,535 bytes.",
    431: "Address and headers have more than 256 KiB.",
    500: "The log is damaged, or the keeper failed; its own log says why.",
    503: "The query is too heavy, the index does not answer, or the reading cannot be recorded.",
}
_OF_CHANGES: Final = {403: "Not allowed, or sent by a page of another origin.", 413: "The body is too large.", 415: "The body is not JSON."}
_INTRODUCTION: Final = """Everything that Gatebook's book can be asked. Each reading is a record of the log before its rows are returned.

People see what their roles show, of their own calls always; `hidden` names the groups of fields that are left out. Times in answers are microseconds since 1970."""


class ProblemDetails(Struct, kw_only=True):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    position: int | UnsetType = UNSET
    expected: str | UnsetType = UNSET
    nearest: str | UnsetType = UNSET
    parameter: str | UnsetType = UNSET


def document(operations: Sequence[Operation], base: str = "/api") -> dict[str, Any]:
    """The document for operations that are mounted at `base`. Raises TypeError for an answer that has no JSON Schema."""
    kinds = [kind for operation in operations for kind in (operation.answer, operation.body) if kind is not None]
    schemas, components = msgspec.json.schema_components([ProblemDetails, *kinds], ref_template=_REF)
    found = dict(zip((id(kind) for kind in kinds), schemas[1:], strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, found)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatebook", "version": "1", "description": _INTRODUCTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": base}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": group} for group in dict.fromkeys(operation.group for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An access token, gw_pat_…"},
                "session": {"type": "apiKey", "in": "cookie", "name": "gatebook", "description": "A session of the console (over https: __Host-gatebook)."},
            },
        },
    }  # fmt: skip


def _operation(operation: Operation, schemas: dict[int, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.answer_description}
    if operation.answer is not None:
        answer["content"] = {operation.media_type: {"schema": schemas[id(operation.answer)]}}
    elif operation.media_type != "application/json":
        kinds = (operation.media_type, *operation.further_media_types)
        answer["content"] = {kind: {"schema": {}} for kind in kinds}
    problems = {**_EVERYWHERE, **(_OF_CHANGES if operation.changes else {}), **operation.problems}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.group],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {str(operation.status): answer, **{str(status): _problem(problems[status]) for status in sorted(problems)}},
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[id(operation.body)]}}}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    if parameter.schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=ProblemDetails.__name__)}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
