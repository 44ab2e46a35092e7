"""What a change of a JSON Schema (2020-12) means: may more be sent than before, less, or can that not be told?

Wider is meant as people mean it: a new property widens, although a schema that says nothing of it would have let it pass, because
models send what they are told of. What is below `not` works the other way round. Nothing is evaluated and no reference followed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from gatebook.definitions.change import MISSING, Change, Kind, changed, quoted, step, turned
from gatebook.definitions.definition import canonical

_TEXTS = ("title", "description", "$comment")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
_FILTERS = ("pattern", "format", "contentEncoding", "contentMediaType", "multipleOf", "dependentRequired")
_SCHEMAS = ("additionalProperties", "unevaluatedProperties", "unevaluatedItems", "items", "contains", "propertyNames", "contentSchema")
_UNCERTAIN = ("if", "then", "else")
_MAPS = ("patternProperties", "dependentSchemas")
_DEFINED = ("$defs", "definitions")
_TYPES = frozenset(("null", "boolean", "object", "array", "number", "integer", "string"))
_OPPOSITE: dict[Kind, Kind] = {"widened": "narrowed", "narrowed": "widened"}


def schema_changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    """Yield every change from one schema to the other. Either may be MISSING or of any JSON type.

    Nothing comes of schemas that are equal, and of those that differ at the top in form only, such as `true` and `{}`.
    """
    before, after = (True if side is MISSING else side for side in (before, after))  # To say nothing lets everything pass.
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield from _plain(path, before, after)
        return
    for keyword in sorted({*before, *after} - {"enum", "const"}):
        sides = before.get(keyword, MISSING), after.get(keyword, MISSING)
        if not _same(*sides):
            yield from _with_fallback(step(path, keyword), sides, _RULES.get(keyword, _unknown)(step(path, keyword), *sides))
    values = _stated(before), _stated(after)
    if not _same(*values):
        place = step(path, "enum" if "enum" in values[0] or "enum" in values[1] else "const")
        yield from _with_fallback(place, values, _values(place, *values))


def _stated(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("enum", "const") if key in schema}


def _same(before: Any, after: Any) -> bool:
    if before is MISSING or after is MISSING:
        return before is after
    return canonical(before) == canonical(after)  # Not ==: true is 1 and 1.0 for Python, and the hash tells them apart.


def _with_fallback(path: str, sides: tuple[Any, Any], changes: Iterator[Change]) -> Iterator[Change]:
    none = True
    for change in changes:
        none = False
        yield change
    if none:
        yield changed(path, "schema", sides, f"{path} is written differently and means the same", "low")


def _plain(path: str, before: Any, after: Any) -> Iterator[Change]:
    """Two schemas of which one at least is true, false or no schema at all."""
    open_sides = [_is_open(side) for side in (before, after)]
    closed = [side is False for side in (before, after)]
    if open_sides == [True, True] or _same(before, after):
        return
    if open_sides[1] and (closed[0] or isinstance(before, dict)) or (closed[0] and isinstance(after, dict)):
        yield changed(path, "widened", (before, after), f"{path} now lets pass what it did not")
    elif open_sides[0] and (closed[1] or isinstance(after, dict)) or (closed[1] and isinstance(before, dict)):
        yield changed(path, "narrowed", (before, after), f"{path} no longer lets pass all that it did")
    else:
        yield changed(path, "schema", (before, after), f"{path} changed its form")


def _is_open(schema: Any) -> bool:
    return schema is True or (isinstance(schema, dict) and not schema)


def _unknown(path: str, before: Any, after: Any) -> Iterator[Change]:
    yield changed(path, "schema", (before, after), f"{path} changed")


def _text(path: str, before: Any, after: Any) -> Iterator[Change]:
    yield changed(path, "text", (before, after), f"The text at {path} changed")


def _subset(path: str, sides: tuple[Any, Any], old: set[Any], new: set[Any], noun: str) -> Iterator[Change]:
    if new - old:
        yield changed(path, "widened", sides, f"{path} accepts more {noun}: {_listed(new - old)}")
    if old - new:
        yield changed(path, "narrowed", sides, f"{path} accepts fewer {noun}: without {_listed(old - new)}")


def _listed(values: set[Any]) -> str:
    names = sorted(str(value) for value in values)
    return ", ".join(quoted(name) for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _type(path: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = _types(before), _types(after)
    if old is None or new is None:
        yield from _unknown(path, before, after)
    else:
        yield from _subset(path, (before, after), old, new, "types")


def _types(value: Any) -> set[str] | None:
    """Return the types a value of `type` allows, a number being an integer, too; None when it is none."""
    if value is MISSING:
        return set(_TYPES)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name in _TYPES for name in names):
        return None
    return {*names, "integer"} if "number" in names else set(names)


def _values(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    old, new = _allowed(before), _allowed(after)
    if isinstance(old, str) or isinstance(new, str):
        yield from _unknown(path, before, after)
    elif old is None:
        yield changed(path, "narrowed", (MISSING, after), f"{path} now lists the only values")
    elif new is None:
        yield changed(path, "widened", (before, MISSING), f"{path} no longer lists the only values")
    else:
        yield from _subset(path, (before, after), old, new, "values")


def _allowed(stated: dict[str, Any]) -> set[str] | str | None:
    """Return the values that enum and const allow, as canonical JSON; None when they say nothing, "odd" when they are malformed."""
    if not isinstance(stated.get("enum", []), list):
        return "odd"
    allowed = {canonical(value) for value in stated["enum"]} if "enum" in stated else None
    if "const" in stated:
        const = {canonical(stated["const"])}
        allowed = const if allowed is None else allowed & const
    return allowed


def _required(path: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = ([] if side is MISSING else side for side in (before, after))
    if not (isinstance(old, list) and isinstance(new, list) and all(isinstance(name, str) for name in old + new)):
        yield from _unknown(path, before, after)
        return
    if dropped := set(old) - set(new):
        yield changed(path, "widened", (before, after), f"No longer required: {_listed(dropped)}")
    if added := set(new) - set(old):
        yield changed(path, "narrowed", (before, after), f"Now required: {_listed(added)}")


def _bound(sign: int) -> Callable[[str, Any, Any], Iterator[Change]]:
    def changes(path: str, before: Any, after: Any) -> Iterator[Change]:
        known = [side is MISSING or (isinstance(side, int | float) and not isinstance(side, bool)) for side in (before, after)]
        if not all(known):
            yield from _unknown(path, before, after)
        elif after is MISSING or (before is not MISSING and sign * after > sign * before):
            yield changed(path, "widened", (before, after), f"The bound {path} was loosened")
        elif before is MISSING or sign * after < sign * before:
            yield changed(path, "narrowed", (before, after), f"The bound {path} was tightened")

    return changes


def _filter(path: str, before: Any, after: Any) -> Iterator[Change]:
    if after is MISSING:
        yield changed(path, "widened", (before, after), f"The check {path} was dropped")
    elif before is MISSING:
        yield changed(path, "narrowed", (before, after), f"The check {path} was added")
    else:
        yield changed(path, "schema", (before, after), f"The check {path} is another one")


def _unique(path: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = before is True, after is True
    if old != new and all(side is MISSING or isinstance(side, bool) for side in (before, after)):
        yield changed(path, "widened" if old else "narrowed", (before, after), f"The bound {path} was {'loosened' if old else 'tightened'}")
    elif old != new:
        yield from _unknown(path, before, after)


def _properties(path: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = ({} if side is MISSING else side for side in (before, after))
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield from _unknown(path, before, after)
        return
    for name in sorted({*old, *new}):
        place, sides = step(path, name), (old.get(name, MISSING), new.get(name, MISSING))
        if name not in old:
            yield changed(place, "widened", sides, f"New parameter {quoted(name)}")
        elif name not in new:
            yield changed(place, "narrowed", sides, f"Parameter {quoted(name)} is gone")
        else:
            yield from schema_changes(place, *sides)


def _schemas_by_name(path: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = ({} if side is MISSING else side for side in (before, after))
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield from _unknown(path, before, after)
        return
    for name in sorted({*old, *new}):
        place, sides = step(path, name), (old.get(name, MISSING), new.get(name, MISSING))
        if MISSING in sides:
            yield changed(place, "schema", sides, f"The schema {quoted(name)} was {'added' if sides[0] is MISSING else 'dropped'}")
        else:
            yield from schema_changes(place, *sides)


def _uncertain(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before is MISSING or after is MISSING:
        yield from _unknown(path, before, after)
        return
    for change in schema_changes(path, before, after):
        # A condition that matches more demands more or less, depending on what hangs on it.
        yield turned(change, "schema") if change.kind in _OPPOSITE else change


def _negated(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before is MISSING or after is MISSING:
        yield from _filter(path, before, after)
        return
    for change in schema_changes(path, before, after):
        yield turned(change, _OPPOSITE[change.kind]) if change.kind in _OPPOSITE else change


def _alternatives(added: Kind, dropped: Kind) -> Callable[[str, Any, Any], Iterator[Change]]:
    def changes(path: str, before: Any, after: Any) -> Iterator[Change]:
        if before is MISSING or after is MISSING:
            # No list of alternatives excludes nothing: to gain one narrows, whatever stands in it.
            yield from _filter(path, before, after)
            return
        if not (isinstance(before, list) and isinstance(after, list)):
            yield from _unknown(path, before, after)
            return
        old, new = _unmatched(before, after), _unmatched(after, before)
        for place, (left, right) in enumerate(zip(old, new, strict=False)):
            yield from schema_changes(step(path, place), left, right)
        for extra in new[len(old) :]:
            yield changed(path, added, (MISSING, extra), f"{path} has one schema more")
        for extra in old[len(new) :]:
            yield changed(path, dropped, (extra, MISSING), f"{path} has one schema less")

    return changes


def _unmatched(these: list[Any], those: list[Any]) -> list[Any]:
    left = Counter(canonical(each) for each in those)
    kept = []
    for each in these:
        text = canonical(each)
        left[text] -= 1
        if left[text] < 0:
            kept.append(each)
    return kept


_RULES: dict[str, Callable[[str, Any, Any], Iterator[Change]]] = {
    "type": _type,
    "required": _required,
    "properties": _properties,
    "uniqueItems": _unique,
    "not": _negated,
    "anyOf": _alternatives("widened", "narrowed"),
    "oneOf": _alternatives("widened", "narrowed"),
    "allOf": _alternatives("narrowed", "widened"),
    "prefixItems": _alternatives("schema", "schema"),
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_LOWER, _bound(-1)),
    **dict.fromkeys(_UPPER, _bound(1)),
    **dict.fromkeys(_FILTERS, _filter),
    **dict.fromkeys(_SCHEMAS, schema_changes),
    **dict.fromkeys(_UNCERTAIN, _uncertain),
    **dict.fromkeys((*_MAPS, *_DEFINED), _schemas_by_name),
}
