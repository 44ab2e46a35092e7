"""Parameters of requests: what each may hold, said once for the reader of the request and for the OpenAPI document.

`read_all` is the only place where a parameter is read. Raises Problem(400) that names the parameter and what would be right.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct
from starlette.datastructures import QueryParams

from gatebook.api.problems import Problem
from gatebook.index.cursor import CursorError, decode
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.room import LIMIT_MAX, Question

LIMIT_DEFAULT: Final = 50
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_LATEST_US: Final = 4_102_444_800_000_000
_TIME_MAX: Final = 10**17
_NAME_CHARACTERS_MAX: Final = 60
_FLAGS: Final = {"1": True, "true": True, "0": False, "false": False}


class Parameter(Struct, frozen=True, kw_only=True):
    """One parameter. `schema` is its JSON Schema; `read` turns the text into a value or raises ValueError with what it must be."""

    name: str
    description: str
    schema: dict[str, Any]
    read: Callable[[str], Any]
    place: Literal["query", "path"] = "query"
    required: bool = False
    default: Any = None
    example: Any = None


def text(name: str, description: str, length_max: int, *, required: bool = False, form: str | None = None) -> Parameter:
    """Any text up to a length. `form` names the format in the document."""

    def read(value: str) -> str:
        if len(value) > length_max:
            raise ValueError(f"must have at most {length_max:,} characters")
        return value

    schema: dict[str, Any] = {"type": "string", "maxLength": length_max}
    if form:
        schema["format"] = form
    return Parameter(name=name, description=description, schema=schema, read=read, required=required, default="")


def matching(name: str, description: str, pattern: str, what: str, *, required: bool = False) -> Parameter:
    """A text that a regular expression describes; `what` says in words what it must be."""
    form = re.compile(pattern)

    def read(value: str) -> str:
        if form.fullmatch(value) is None:
            raise ValueError(f"must be {what}")
        return value

    return Parameter(
        name=name, description=description, schema={"type": "string", "pattern": f"^({pattern})$"}, read=read, required=required
    )


def integer(name: str, description: str, low: int, high: int, default: int | None = None) -> Parameter:
    """A whole number from `low` to `high`."""

    def read(value: str) -> int:
        if _INTEGER.fullmatch(value) is None or not low <= int(value) <= high:
            raise ValueError(f"must be a number from {low:,} to {high:,}")
        return int(value)

    schema: dict[str, Any] = {"type": "integer", "minimum": low, "maximum": high}
    if default is not None:
        schema["default"] = default
    return Parameter(name=name, description=description, schema=schema, read=read, default=default)


def flag(name: str, description: str) -> Parameter:
    """Yes or no; no by default."""

    def read(value: str) -> bool:
        if value not in _FLAGS:
            raise ValueError("must be 1, true, 0 or false")
        return _FLAGS[value]

    return Parameter(name=name, description=description, schema={"type": "string", "enum": list(_FLAGS)}, read=read, default=False)


def choice(name: str, description: str, choices: Iterable[str], default: str = "", *, required: bool = False) -> Parameter:
    """One of a closed set."""
    allowed = tuple(choices)

    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(_one_of(value, allowed))
        return value

    schema: dict[str, Any] = {"type": "string", "enum": list(allowed)}
    if default:
        schema["default"] = default
    return Parameter(name=name, description=description, schema=schema, read=read, default=default, required=required)


def several(name: str, description: str, choices: Iterable[str], default: tuple[str, ...]) -> Parameter:
    """Some of a closed set, separated by commas, each once."""
    allowed = tuple(choices)

    def read(value: str) -> tuple[str, ...]:
        items = tuple(value.split(","))
        for item in items:
            if item not in allowed:
                raise ValueError(_one_of(item, allowed))
        if len(set(items)) < len(items):
            raise ValueError("names something twice")
        return items

    schema = {"type": "array", "items": {"type": "string", "enum": list(allowed)}, "minItems": 1, "uniqueItems": True}
    return Parameter(name=name, description=description, schema=schema, read=read, default=default)


def moment(name: str, description: str) -> Parameter:
    """A time: RFC 3339, or microseconds since 1970. Times before 1970 and after 2099 count as these."""
    schema = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0, "maximum": _TIME_MAX}]}
    return Parameter(name=name, description=description, schema=schema, read=read_moment, example="2026-01-31T14:00:00Z")


def cursor(name: str, description: str) -> Parameter:
    """The cursor of a page, as an earlier answer gave it out."""

    def read(value: str) -> str:
        try:
            decode(value if _CURSOR.fullmatch(value) else "")
        except CursorError:
            raise ValueError("is not a cursor that this API gave out") from None
        return value

    schema = {"type": "string", "format": "gatebook-cursor"}
    return Parameter(name=name, description=description, schema=schema, read=read)


def hexadecimal(name: str, description: str, digits: int, *, form: str) -> Parameter:
    """An id of so many hexadecimal digits that an earlier answer gave out. `form` names the format in the document."""
    pattern = re.compile(f"[0-9a-f]{{{digits}}}")

    def read(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise ValueError("is not one that this API gave out")
        return value

    schema = {"type": "string", "format": form}
    return Parameter(name=name, description=description, schema=schema, read=read)


def call_id() -> Parameter:
    """The id of a call, within the path. What cannot be one is answered as one that is not there."""

    def read(value: str) -> str:
        if _ID.fullmatch(value.lower()) is None:
            raise Problem(404, "No such call", "There is no call with this id.")
        return value.lower()

    schema = {"type": "string", "format": "uuid"}
    return Parameter(name="id", description="Id of the call.", schema=schema, read=read, place="path", required=True)


def in_path(name: str, description: str, pattern: str, missing: str, *, form: str | None = None) -> Parameter:
    """An id within the path. `missing` is the sentence for what is not there, and for what cannot be an id; `form` names the format in the document."""
    shape = re.compile(pattern)

    def read(value: str) -> str:
        if shape.fullmatch(value) is None:
            raise Problem(404, "Not found", missing)
        return value

    schema = {"type": "string", "pattern": f"^{pattern}$", **({"format": form} if form else {})}
    return Parameter(name=name, description=description, schema=schema, read=read, place="path", required=True)


def read_moment(value: str) -> int:
    """Microseconds since 1970. Raises ValueError."""
    if value.isascii() and value.isdigit() and len(value) <= 18:
        found = int(value)
        if found > _TIME_MAX:
            raise ValueError(f"must be at most {_TIME_MAX:,} microseconds since 1970")
    else:
        try:
            # Python knows years from 1 on, and no leap seconds.
            when = datetime.fromisoformat(value.replace("0000-", "0001-", 1) if value.startswith("0000-") else value)
            found = round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000)
        except (ValueError, OverflowError):
            raise ValueError("must be a time such as 2026-01-31T14:00:00Z, or microseconds since 1970") from None
    return max(0, min(found, _LATEST_US))


Q: Final = text("q", "What to search for, in the search language; empty: everything.", LENGTH_MAX, form="gatebook-query")
SINCE: Final = moment("since", "Only calls from then on: RFC 3339, or microseconds since 1970.")
UNTIL: Final = moment("until", "Only calls before then.")
LIMIT: Final = integer("limit", "At most so many.", 1, LIMIT_MAX, LIMIT_DEFAULT)
BEFORE: Final = cursor("before", "Only what is older than this cursor: `next_cursor` of another page.")
AFTER: Final = cursor("after", "Only what is newer than this cursor: `previous_cursor` of another page.")
QUESTION: Final = (Q, SINCE, UNTIL)


def question(values: Mapping[str, Any]) -> Question:
    """The query `q` between `since` and `until`, of parameters that were read."""
    return Question(text=values["q"], since_us=values["since"], until_us=values["until"])


def read_all(parameters: tuple[Parameter, ...], query: QueryParams, path: Mapping[str, str]) -> dict[str, Any]:
    """Every parameter by name, those that were not sent with their default. Raises Problem: 400, or 404 for an id in the path."""
    known = {parameter.name: parameter for parameter in parameters if parameter.place == "query"}
    sent: dict[str, str] = {}
    for name, value in query.multi_items():
        if name not in known:
            raise _unknown(name, known)
        if name in sent:
            raise bad(name, "may be sent once only")
        sent[name] = value
    values: dict[str, Any] = {}
    for parameter in parameters:
        found = path.get(parameter.name) if parameter.place == "path" else sent.get(parameter.name)
        values[parameter.name] = _read(parameter, found)
    return values


def bad(name: str, what: str) -> Problem:
    """The problem of one parameter."""
    return Problem(400, "A parameter is not valid", f"The parameter {name} {what}.", parameter=name)


def _read(parameter: Parameter, value: str | None) -> Any:
    if value is None:
        if parameter.required:
            raise bad(parameter.name, "is missing")
        return parameter.default
    try:
        return parameter.read(value)
    except ValueError as error:
        raise bad(parameter.name, str(error)) from None


def _unknown(name: str, known: Mapping[str, Parameter]) -> Problem:
    shown = name[:_NAME_CHARACTERS_MAX].encode("utf-8", "replace").decode()
    near = difflib.get_close_matches(shown, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}." if known else "; there are none here."
    more = {"nearest": near[0]} if near else {}
    return Problem(400, "A parameter is not known", f"There is no parameter “{shown}”{hint}", parameter=shown, **more)


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(value[:_NAME_CHARACTERS_MAX], allowed, n=1, cutoff=0.5)
    return f"must be one of {', '.join(allowed)}" + (f"; did you mean {near[0]}?" if near else "")
