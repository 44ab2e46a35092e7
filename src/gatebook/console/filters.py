"""The query as text that people edit and as chips that they click: two views of one text, never two states."""

import re
from collections.abc import Iterable

from msgspec import Struct

from gatebook.query import QueryError, parse
from gatebook.query.writing import quoted

_TERM = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s()"])+')
_FIELD = re.compile(r"([A-Za-z_][\w.-]*):(.*)", re.DOTALL)
_ITEM = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^",])*)(?:,|$)')
_WRITTEN = frozenset({"duration"})
"""Fields whose facet holds ranges, which are written as they are."""


class Term(Struct, frozen=True, kw_only=True):
    """One filter among those that are ANDed at the top of a query, as it is written."""

    text: str

    @property
    def negated(self) -> bool:
        """Whether it excludes."""
        return self.text.startswith("-")

    @property
    def positive(self) -> str:
        """The filter without its minus sign."""
        return self.text[1:] if self.negated else self.text

    @property
    def field(self) -> str:
        """Name of the field; empty for free text and brackets."""
        match = _FIELD.fullmatch(self.positive)
        return match[1].lower() if match else ""

    @property
    def value(self) -> str:
        """What stands behind the field, without quotation marks around it."""
        match = _FIELD.fullmatch(self.positive)
        return _unquoted(match[2] if match else self.positive)

    @property
    def items(self) -> list[str]:
        """The values as they are written: those of a list, or the one; none for free text and brackets."""
        match = _FIELD.fullmatch(self.positive)
        if match is None:
            return []
        inner = match[2].strip()
        if not (inner.startswith("(") and inner.endswith(")")):
            return [inner]
        return [item for item in (found[1].strip() for found in _ITEM.finditer(inner[1:-1])) if item]


def split(text: str) -> list[Term]:
    """The filters of a query. A query that is one alternative, or that does not parse, is one filter."""
    terms = _top_terms(text)
    if terms is None or any(term == "OR" for term in terms):
        return [Term(text=text.strip())] if text.strip() else []
    found: list[Term] = []
    negate = False
    for term in terms:
        if term == "NOT":
            negate = not negate
        elif term != "AND":
            found.append(Term(text=flipped(term) if negate else term))
            negate = False
    return found if _same(text, found) else [Term(text=text.strip())]


def join(terms: Iterable[Term | str]) -> str:
    """The text of a query that ANDs the filters."""
    return " ".join(term if isinstance(term, str) else term.text for term in terms)


def flipped(term: str) -> str:
    """The opposite of a filter."""
    return term[1:] if term.startswith("-") else "-" + (term if _is_single(term) else f"({term})")


def only(field: str, value: str) -> str:
    """The filter for one value of a field; for the empty value, that the field has none."""
    return f"{field}:{_item(field, value)}" if value else f"-{field}:*"


def _item(field: str, value: str) -> str:
    return value if field in _WRITTEN else quoted(value)


def narrowed(text: str, field: str, value: str) -> str:
    """The query with this field at this value only: what was said of the field before is replaced."""
    kept = [term for term in split(text) if term.field != field]
    return join([*kept, only(field, value)])


def chosen(text: str, field: str) -> set[str]:
    """The values that the query asks for in a field, lower case; values without quotation marks."""
    asked = [term for term in split(text) if term.field == field and not term.negated]
    return {_unquoted(item).lower() for term in asked for item in term.items}


def toggled(text: str, field: str, value: str) -> str:
    """The query with this value added to, or taken out of, the list of those that the field may have."""
    terms = split(text)
    place = next((number for number, term in enumerate(terms) if term.field == field and not term.negated), None)
    if place is None:
        return join([*terms, only(field, value)])
    kept = [item for item in terms[place].items if _unquoted(item).lower() != value.lower()]
    items = kept if len(kept) < len(terms[place].items) else [*kept, _item(field, value)]
    fresh = [] if not items else [f"{field}:{items[0]}" if len(items) == 1 else f"{field}:({', '.join(items)})"]
    return join([*terms[:place], *fresh, *terms[place + 1 :]])


def excluded(text: str, field: str, value: str) -> str:
    """The query without this value of the field."""
    return join([*split(text), flipped(only(field, value))])


def without(text: str, index: int) -> str:
    """The query without its filter number `index`."""
    return join(term for number, term in enumerate(split(text)) if number != index)


def without_field(text: str, field: str) -> str:
    """The query without what it says of one field."""
    return join(term for term in split(text) if term.field != field)


def _same(text: str, terms: list[Term]) -> bool:
    try:
        return repr(parse(join(terms)).tree) == repr(parse(text).tree)
    except QueryError:
        return False


def _top_terms(text: str) -> list[str] | None:
    """Split at spaces outside brackets and quotation marks; None when brackets do not match."""
    terms: list[str] = []
    at, depth, begin = 0, 0, -1
    while at < len(text):
        char = text[at]
        if char == '"':
            match = _TERM.match(text, at)
            if match is None:
                return None
            begin = at if begin < 0 else begin
            at = match.end()
            continue
        if char == "(":
            depth += 1
            begin = at if begin < 0 else begin
        elif char == ")":
            depth -= 1
            if depth < 0:
                return None
        elif char.isspace() and depth == 0:
            if begin >= 0:
                terms.append(text[begin:at])
            begin = -1
        elif begin < 0:
            begin = at
        at += 1
    if begin >= 0:
        terms.append(text[begin:])
    return None if depth else terms


def _is_single(term: str) -> bool:
    return term.startswith("(") or _TERM.fullmatch(term) is not None or bool(_FIELD.match(term))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    return text
