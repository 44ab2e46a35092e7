"""What could stand at the cursor of a query that is being typed: fields, operators, values of closed sets.

The values of all other fields, and the paths of arguments, are for the caller to fill in: `field` and `prefix` say which are wanted.
"""

import difflib
import re
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from gatebook.query.fields import ARGS, ARGUMENT, BOUNDS, FIELDS, MEANT, ORDERED, Field
from gatebook.query.leaves import SIGNS
from gatebook.query.parser import ARGUMENT_NAME, BARE, BARE_IN_LIST, FIELD_NAME, KEYWORD, LENGTH_MAX, SPACE, path_in
from gatebook.query.paths import path_of
from gatebook.query.writing import quoted

quote = quoted
"""How a value is written behind a field's colon."""

_ORDERS = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
_MOMENTS = {
    "-15m": "the last 15 minutes", "-1h": "the last hour", "-24h": "the last 24 hours", "-7d": "the last 7 days",
    "today": "since midnight UTC", "yesterday": "all of yesterday, UTC",
}  # fmt: skip
_UNITS = {"duration": ("ms", "s", "m", "h"), "size": ("k", "M", "G")}
_EXISTS: Final = "has a value"
_BOUND: Final = {"since": "From this time on: since:-1h.", "until": "Before this time: until:2026-11-02."}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)(")?', re.DOTALL)
_PARTIAL_ARGUMENT = re.compile(
    rf'{ARGS}((?:\.(?:"(?:[^"\\]|\\.)*+"|[\w$@-]++))*)\.("(?:[^"\\]|\\.)*+|[\w$@-]*+)\Z', re.IGNORECASE | re.DOTALL
)
_REST_OF_NAME = re.compile(r"[A-Za-z0-9_.]*:?")
_REST_OF_PATH = re.compile(r'(?:[\w$@.-]|"(?:[^"\\]|\\.)*+")*:?', re.DOTALL)


class Choice(Struct, frozen=True):
    """One proposal: what it inserts, what people read, and a word about it."""

    insert: str
    label: str
    hint: str = ""


class Completion(Struct, frozen=True):
    """What stands at the cursor. An accepted choice replaces the text from `start` up to but without `end`.

    `field` is the field whose values are wanted, `args.<path>` for an argument; with `expects` "field" it is `args` when paths are wanted. `prefix` is
    what has been typed of it, without quotation marks. `choices` holds what is known without looking into the book.
    """

    start: int
    end: int
    expects: Literal["field", "operator", "value", "nothing"]
    field: str | None = None
    prefix: str = ""
    choices: list[Choice] = []


class _Value(NamedTuple):
    """A value that the cursor stands in: where it begins behind its sign, and whether the field has more than one."""

    name: str
    sign: str
    start: int
    in_list: bool


class _Name(NamedTuple):
    """A name or free word that the cursor stands in. `first`: no term stands before it that AND or OR could join."""

    start: int
    first: bool


def complete(text: str, at: int) -> Completion:
    """Say what could stand at the character `at` of a query, whatever stands there now. Never raises."""
    at = max(0, min(at, len(text)))
    place = _place(text[:at]) if at <= LENGTH_MAX else None
    if isinstance(place, _Value):
        return _value(text, at, place)
    return _name(text, at, place) if place else Completion(at, at, "nothing")


def _place(head: str) -> _Value | _Name | None:
    """Find what the end of `head` stands in; None where nothing can be proposed."""
    at, first = 0, True
    while True:
        at = _skip(head, at)
        if at == len(head):
            return _Name(at, first)
        if head[at] in "()":
            first = head[at] == "("
            at += 1
        elif (match := KEYWORD.match(head, at)) and match.end() < len(head):
            first, at = True, match.end()
        elif head[at] == "-" and head[at + 1 : at + 2].strip():
            at += 1
        elif match := ARGUMENT_NAME.match(head, at) or FIELD_NAME.match(head, at):
            found = _in_values(head, match)
            if not isinstance(found, int):
                return found
            at, first = found, False
        elif head[at] == '"':
            match = _QUOTED.match(head, at)
            if match is None or not match[2] or match.end() == len(head):
                return None
            at, first = match.end(), False
        else:
            match = _PARTIAL_ARGUMENT.match(head, at) or BARE.match(head, at)
            if match is None:
                return None
            if match.end() == len(head):
                return _Name(at, first)
            at, first = match.end(), False


def _in_values(head: str, match: re.Match[str]) -> _Value | _Name | int | None:
    """Walk over what stands behind a colon; return its end, or what the end of `head` stands in."""
    name, at = match[0][:-1], match.end()
    if not _known(name):
        return _Name(match.start(), False) if BARE.match(head, match.start()).end() == len(head) else None  # type: ignore[union-attr]
    if head[at : at + 1] != "(":
        return _in_value(head, at, name, False)
    at += 1
    while True:
        found = _in_value(head, _skip(head, at), name, True)
        if not isinstance(found, int):
            return found
        at = _skip(head, found)
        if head[at : at + 1] == ")":
            return at + 1
        if head[at : at + 1] != ",":
            return None
        at += 1


def _in_value(head: str, at: int, name: str, in_list: bool) -> _Value | int | None:
    sign = next((sign for sign in SIGNS if head.startswith(sign, at)), "")
    here = _Value(name, sign, at + len(sign), in_list)
    if match := _QUOTED.match(head, here.start):
        return here if not match[2] else None if match.end() == len(head) else match.end()
    match = (BARE_IN_LIST if in_list else BARE).match(head, here.start)
    end = match.end() if match else here.start
    return here if end == len(head) else end if match else None


def _skip(head: str, at: int) -> int:
    match = SPACE.match(head, at)
    return match.end() if match else at


def _known(name: str) -> bool:
    return name.lower() in FIELDS or name.lower() in BOUNDS or name.lower().startswith(f"{ARGS}.")


def _name(text: str, at: int, place: _Name) -> Completion:
    head = text[place.start : at]
    if match := _PARTIAL_ARGUMENT.match(head):
        begin = place.start + len(ARGS) + 1
        rest = _REST_OF_PATH.match(text, begin) if '"' not in match[2] else None
        prefix = path_of(".".join([*path_in(match[1]), match[2].removeprefix('"')]))
        return Completion(begin, max(at, rest.end() if rest else at), "field", ARGS, prefix)
    if (colon := head.find(":")) >= 0:
        name = head[:colon].lower()
        near = [MEANT[name]] if name in MEANT else difflib.get_close_matches(name, [*FIELDS, *BOUNDS], n=3, cutoff=0.5)
        return Completion(place.start, place.start + colon + 1, "field", None, head[:colon], [_field_choice(name) for name in near])
    rest = _REST_OF_NAME.match(text, at)
    end = rest.end() if rest else at
    written = head.lower()
    names = [*FIELDS, f"{ARGS}.", *BOUNDS]
    known = [name for name in names if name.startswith(written)]
    known += [name for name in names if written in name and name not in known]
    known += [name for key, name in MEANT.items() if len(written) > 1 and key.startswith(written) and name not in known]
    choices = [_field_choice(name) for name in dict.fromkeys(known)]
    if head and head.isupper():
        words = {"NOT": "does not match", **({} if place.first else {"OR": "either matches", "AND": "both match"})}
        choices = [Choice(f"{word} ", word, hint) for word, hint in words.items() if word.startswith(head)] + choices
    return Completion(place.start, end, "field", None, head, choices)


def _field_choice(name: str) -> Choice:
    if name == f"{ARGS}.":
        return Choice(name, name, ARGUMENT.description)
    return Choice(f"{name}:", name, _BOUND[name] if name in BOUNDS else FIELDS[name].description)


def _value(text: str, at: int, place: _Value) -> Completion:
    start, name = place.start, place.name
    head = text[start:at]
    prefix, end = head, at
    if head.startswith('"'):
        prefix = re.sub(r'\\(["\\])', r"\1", head[1:])
        whole = _QUOTED.match(text, start)
        if whole and whole[2] and not re.search(r"\s", text[at : whole.end()]):
            end = whole.end()
    else:
        whole = (BARE_IN_LIST if place.in_list else BARE).match(text, start)
        end = max(at, whole.end()) if whole else at
    if name.lower() in BOUNDS:
        return Completion(start, end, "value", "time", prefix, _moments(prefix))
    if name.lower().startswith(f"{ARGS}."):
        path = f"{ARGS}.{path_of('.'.join(path_in(name[len(ARGS) :])))}"
        return Completion(start, end, "value", path, prefix, _signs(True) if not head and not place.sign else [])
    field = FIELDS[name.lower()]
    if field.kind == "text":
        return Completion(at, at, "nothing", field.name, prefix)
    if field.kind in ORDERED and not place.sign and ".." in head and not head.startswith('"'):
        start += head.index("..") + 2
        prefix = head[head.index("..") + 2 :]
        return Completion(start, end, "value", field.name, prefix, _known_values(field, prefix))
    choices = _known_values(field, prefix)
    if head or place.sign:
        return Completion(start, end, "value", field.name, prefix, choices)
    if field.kind in ORDERED:
        return Completion(start, end, "operator", field.name, "", _signs(field.absent is not None) + choices)
    if field.kind in ("word", "id"):
        choices.append(Choice("*", "*", _EXISTS))
    return Completion(start, end, "value", field.name, "", choices)


def _signs(exists: bool) -> list[Choice]:
    return [Choice(sign, sign, hint) for sign, hint in _ORDERS.items()] + ([Choice("*", "*", _EXISTS)] if exists else [])


def _moments(prefix: str) -> list[Choice]:
    return [Choice(moment, moment, hint) for moment, hint in _MOMENTS.items() if moment.startswith(prefix.lower())]


def _known_values(field: Field, prefix: str) -> list[Choice]:
    """The values that need no look into the book: closed sets, flags, times, units behind a number."""
    if field.kind == "time":
        return _moments(prefix)
    if re.fullmatch(r"[0-9]{1,9}", prefix):
        return [Choice(prefix + unit, prefix + unit) for unit in _UNITS.get(field.kind, ())]
    values = ("true", "false") if field.kind == "flag" else field.choices
    written = prefix.lower()
    begin = [value for value in values if value.startswith(written)]
    return [Choice(value, value) for value in [*begin, *(value for value in values if written in value and value not in begin)]]
