"""What a query means, as frozen data. Leaves carry field names of `fields.py` and values that are already of the field's kind."""

from typing import Literal, TypeAlias

from msgspec import Struct

Operator: TypeAlias = Literal["eq", "lt", "le", "gt", "ge"]


class Ago(Struct, frozen=True, tag=True):
    """A time relative to when the query is run; `resolve` turns it into microseconds since 1970."""

    us: int


class Day(Struct, frozen=True, tag=True):
    """The beginning of a UTC day, `back` days before the one in which the query is run; `resolve` turns it into microseconds since 1970."""

    back: int


Relative: TypeAlias = Ago | Day
Scalar: TypeAlias = str | int | bool | Relative


class Everything(Struct, frozen=True, tag=True):
    """Every row: the empty query."""


class Compare(Struct, frozen=True, tag=True):
    """A field beside one value. Texts know `eq` only."""

    field: str
    op: Operator
    value: Scalar


class Span(Struct, frozen=True, tag=True):
    """A field from `low` up to but without `high`; None is open."""

    field: str
    low: int | Relative | None
    high: int | Relative | None


class Pattern(Struct, frozen=True, tag=True):
    """A field beside a text in which every `*` stands for any characters."""

    field: str
    pattern: str


class Exists(Struct, frozen=True, tag=True):
    """A field that has a value."""

    field: str


class Among(Struct, frozen=True, tag=True):
    """A field, of kind id, that holds one of several values. Nobody writes it: it confines queries to rows of some people."""

    field: str
    values: tuple[str, ...]


class Words(Struct, frozen=True, tag=True):
    """A word or phrase inside payloads: each of its words is there as a whole word, and the phrase stands there as written.

    `field` is `arguments`, `response` or `text` (either). `phrase` is lower case, as `searchable` makes it.
    """

    field: str
    phrase: str


class WordPrefix(Struct, frozen=True, tag=True):
    """A word inside payloads that begins with `prefix`."""

    field: str
    prefix: str


class WordPattern(Struct, frozen=True, tag=True):
    """A word inside payloads beside a text in which every `*` stands for any characters."""

    field: str
    pattern: str


class Substring(Struct, frozen=True, tag=True):
    """Characters that stand anywhere inside payloads."""

    field: str
    part: str


class ArgCompare(Struct, frozen=True, tag=True):
    """An argument beside one value: text as `paths.value_of` makes it with `eq`, a number with the operators of order."""

    path: str
    op: Operator
    value: str | float


class ArgSpan(Struct, frozen=True, tag=True):
    """An argument that is a number from `low` up to but without `high`; None is open."""

    path: str
    low: float | None
    high: float | None


class ArgPattern(Struct, frozen=True, tag=True):
    """An argument beside a text in which every `*` stands for any characters."""

    path: str
    pattern: str


class ArgExists(Struct, frozen=True, tag=True):
    """An argument that was given, or that holds others."""

    path: str


class And(Struct, frozen=True, tag=True):
    """Rows that all items match."""

    items: "tuple[Node, ...]"


class Shown(And, frozen=True, tag=True):
    """What is asked of rows that somebody may see: the rows, then the rest, which the engine must not look up in others."""


class Or(Struct, frozen=True, tag=True):
    """Rows that at least one item matches."""

    items: "tuple[Node, ...]"


class Not(Struct, frozen=True, tag=True):
    """Rows that the item does not match."""

    item: "Node"


PayloadLeaf: TypeAlias = Words | WordPrefix | WordPattern | Substring
ArgLeaf: TypeAlias = ArgCompare | ArgSpan | ArgPattern | ArgExists
FieldLeaf: TypeAlias = Compare | Span | Pattern | Exists | Among | PayloadLeaf
Leaf: TypeAlias = FieldLeaf | ArgLeaf
Node: TypeAlias = Everything | Leaf | And | Or | Not


class Query(Struct, frozen=True):
    """A parsed query and the text it came from."""

    text: str
    tree: Node
