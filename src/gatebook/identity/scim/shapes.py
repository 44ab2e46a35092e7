"""Request shapes that directories send and the RFC does not know, brought into the form that it does. Works on decoded JSON, before validation.

Each is documented by its vendor or was seen in public reports; docs/directory.md has the table.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from scim2_models import InvalidSyntaxException

from gatebook.identity.scim.catalog import ENTERPRISE_SCHEMA

_MANAGER: Final = re.compile(rf"(?:{re.escape(ENTERPRISE_SCHEMA)}[:.])?manager", re.IGNORECASE)
_DEPTH_MAX: Final = 32


def of_patch(body: Any) -> Any:
    """A PATCH request. What is no JSON object is left to the validation."""
    if not isinstance(body, dict):
        return body
    return {name: _operations(value) if name.lower() == "operations" else value for name, value in body.items()}


def of_resource(body: Any) -> Any:
    """A whole resource, as POST and PUT carry it."""
    if not isinstance(body, dict):
        return body
    return {name: _enterprise(value) if name.lower() == ENTERPRISE_SCHEMA.lower() else _value(name, value) for name, value in body.items()}


def of_bulk(body: Any) -> Any:
    """The operations of a bulk request, each by its method."""
    if not isinstance(body, dict):
        return body
    return {
        name: [_bulk_operation(one) for one in value] if name.lower() == "operations" and isinstance(value, list) else value
        for name, value in body.items()
    }


def check_depth(body: Any) -> None:
    """Refuse what is nested deeper than any resource is. Raises InvalidSyntaxException."""
    level = [body]
    for _ in range(_DEPTH_MAX):
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())]
        if not level:
            return
    raise InvalidSyntaxException(detail=f"the request is nested deeper than {_DEPTH_MAX} levels")


def _bulk_operation(one: Any) -> Any:
    if not isinstance(one, dict):
        return one
    shape = of_patch if str(one.get("method", "")).upper() == "PATCH" else of_resource
    return {name: shape(value) if name.lower() == "data" else value for name, value in one.items()}


def _operations(operations: Any) -> Any:
    if not isinstance(operations, list):
        return operations
    return [shaped for one in operations for shaped in (_operation(one) if isinstance(one, dict) else (one,))]


def _operation(one: dict[str, Any]) -> Iterator[Any]:
    by_name = {name.lower(): value for name, value in one.items()}
    op, path, value = by_name.get("op"), by_name.get("path"), by_name.get("value")
    if not path and isinstance(value, dict):
        yield from _split(op, value)
    elif isinstance(path, str) and "value" in by_name:
        yield _at(op, path, value)
    else:
        yield one


def _split(op: Any, value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An operation without a path: what of it can only be said with one becomes one of its own."""
    rest = {}
    for name, inner in value.items():
        if "[" in name or _MANAGER.fullmatch(name) or name.lower() == "members":
            yield _at(op, name, inner)
        elif name.lower() == ENTERPRISE_SCHEMA.lower() and isinstance(inner, dict):
            managers = {key: one for key, one in inner.items() if key.lower() == "manager"}
            yield from (_at(op, f"{ENTERPRISE_SCHEMA}:manager", one) for one in managers.values())
            if others := {key: one for key, one in inner.items() if key not in managers}:
                rest[name] = others
        else:
            rest[name] = _value(name, inner)
    if rest or not value:
        yield {"op": op, "value": rest}


def _at(op: Any, path: str, value: Any) -> dict[str, Any]:
    shaped = _value(path, value)
    if _MANAGER.fullmatch(path) and shaped is None:
        return {"op": "remove", "path": path}
    return {"op": op, "path": path, "value": shaped}


def _value(path: str, value: Any) -> Any:
    name = path.lower()
    if name == "active" and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if name == "active" and isinstance(value, dict):
        value = value.get("value")
    if _MANAGER.fullmatch(path):
        value = _manager(value)
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def _enterprise(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    shaped = {name: _manager(inner) if name.lower() == "manager" else inner for name, inner in value.items()}
    return {name: inner for name, inner in shaped.items() if name.lower() != "manager" or inner is not None}


def _manager(value: Any) -> Any:
    """A bare id, or a list of one with `$ref`, as an object; nobody as None. A list of lists is left to the validation."""
    if isinstance(value, list) and not (value and isinstance(value[0], list)):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, str):
        return {"value": value} if value else None
    return (_without_empty(value) or None) if isinstance(value, dict) else value


def _without_empty(value: Any) -> Any:
    """Without parts that are null: Entra sends `"$ref": null` beside the value of a member."""
    return {name: inner for name, inner in value.items() if inner is not None} if isinstance(value, dict) else value
