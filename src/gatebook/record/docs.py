"""The page docs/record.md, made from the structs: `python -m gatebook.record.docs` prints it.

Types and descriptions are those that the decoder holds records to, so the page cannot say anything else.
"""

import inspect
import sys
from collections.abc import Iterator
from typing import Any, get_args

import msgspec.inspect as types
from msgspec import Struct

from gatebook.record import parts
from gatebook.record.base import SCHEMA_VERSION, Header
from gatebook.record.body import AnyBody

_INTRODUCTION = f"""# The record

<!-- Made by `python3 run.py docs` from src/gatebook/record. Do not edit. -->

Schema version {SCHEMA_VERSION}. A record is one line of JSON, the *core*: the header, then the fields of its type.
Optional fields are absent when they hold their default. How records are stored and proved: [log-format.md](log-format.md).
A field may be added in a minor version; none changes its meaning.

Arguments, responses and names of people are not in the core. They are *parts* of an encrypted payload beside it, and the core holds a
commitment to each ([Payload](#payload), [Part](#part)).
"""


def bodies() -> tuple[type[Struct], ...]:
    """Return all record types, in the order of the page."""
    return get_args(AnyBody)


def groups() -> list[type[Struct]]:
    """Return the groups of fields that records are made of, in the order of the module."""
    return [value for value in vars(parts).values() if inspect.isclass(value) and issubclass(value, Struct) and value is not Struct]


def undocumented() -> list[str]:
    """Return each struct without a docstring and each field without a description, by name."""
    missing: list[str] = []
    structs: list[type[Struct]] = [Header, *bodies(), *groups()]
    for struct in structs:
        if "__doc__" not in vars(struct) or not struct.__doc__:
            missing.append(struct.__name__)
        missing += [f"{struct.__name__}.{field.name}" for field in _fields(struct) if not _description(field)]
    return missing


def render() -> str:
    """Return the page."""
    sections = [_INTRODUCTION, _section("Header", Header), "# Record types\n"]
    sections += [_section(str(body.__struct_config__.tag), body) for body in bodies()]
    sections.append("# Groups of fields\n")
    sections += [_section(group.__name__, group) for group in groups()]
    return "\n".join(sections)


def _section(title: str, struct: type[Struct]) -> str:
    lines = [f"## {title}", "", inspect.cleandoc(struct.__doc__ or ""), ""]
    rows = [f"| {field.encode_name} | {_type(field.type)} | {_optional(field)}{_description(field)} |" for field in _fields(struct)]
    if rows:
        lines += ["| field | type | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _fields(struct: type[Struct]) -> tuple[types.Field, ...]:
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    return info.fields


def _description(field: types.Field) -> str:
    for kind in _alternatives(field.type):
        if isinstance(kind, types.Metadata) and kind.extra_json_schema:
            return _escape(str(kind.extra_json_schema.get("description", "")))
    return ""


def _escape(text: str) -> str:
    """Escape what Markdown would take for a tag, but not inside backticks, where it would show."""
    pieces = text.split("`")
    pieces[::2] = [piece.replace("<", "&lt;") for piece in pieces[::2]]
    return "`".join(pieces)


def _optional(field: types.Field) -> str:
    return "" if field.required else "*Optional.* "


def _alternatives(kind: Any) -> Iterator[Any]:
    if isinstance(kind, types.UnionType):
        for member in kind.types:
            yield from _alternatives(member)
    else:
        yield kind


def _type(kind: types.Type) -> str:
    """Return the JSON type as a reader of the page would say it."""
    match kind:
        case types.Metadata():
            return _type(kind.type)
        case types.UnionType():
            return " or ".join(_type(member) for member in kind.types if not isinstance(member, types.NoneType))
        case types.VarTupleType() | types.ListType():
            return f"array of {_type(kind.item_type)}"
        case types.StructType():
            name = kind.cls.__name__
            return f"[{name}](#{name.lower()})"
        case types.LiteralType():
            return " · ".join(f"`{value}`" for value in kind.values)
        case types.StrType():
            return "string"
        case types.IntType():
            return "integer"
        case types.BoolType():
            return "true or false"
    raise AssertionError(f"a record may not hold {kind!r}")


if __name__ == "__main__":
    sys.stdout.write(render())
