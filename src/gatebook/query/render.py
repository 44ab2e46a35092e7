"""Tree to text: the query that parses to the same tree. For saved searches, share links and alerts, which keep what is meant and show it as text."""

import datetime
import re
from typing import Final

from gatebook.query.fields import ARGS, FIELDS, Field
from gatebook.query.text import TOKEN
from gatebook.query.tree import (
    Ago,
    Among,
    And,
    ArgCompare,
    ArgExists,
    ArgPattern,
    ArgSpan,
    Compare,
    Day,
    Everything,
    Exists,
    Leaf,
    Node,
    Not,
    Operator,
    Or,
    Pattern,
    Relative,
    Scalar,
    Span,
    Substring,
    WordPattern,
    WordPrefix,
    Words,
)
from gatebook.query.values import DAYS, compared, moment
from gatebook.query.writing import quoted

_SIGNS: Final[dict[Operator, str]] = {"eq": "", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_DURATIONS: Final = (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1))
_SIZES: Final = (("G", 10**9), ("M", 10**6), ("k", 10**3))
_BARE_WORD = re.compile(r'[^\s\0()":]+')
_BARE_NAME = re.compile(r"[\w$@-]+")
_WEEK_US: Final = 604_800_000_000
_WEEKS_MIN: Final = 100_000
"""From here on the number of days would have too many digits."""
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_BEGIN: Final = -62_135_596_800_000_000
_END: Final = (datetime.datetime.max.replace(tzinfo=datetime.UTC) - _EPOCH) // datetime.timedelta(microseconds=1)


def render(tree: Node) -> str:
    """Return the text of a query; `parse` makes an equal tree of it when the tree came from there. The empty query for Everything."""
    return "" if isinstance(tree, Everything) else _node(tree)


def argument(path: str) -> str:
    """Return the name under which the argument at a path is asked for."""
    names = path.split(".")
    return ".".join([ARGS, *(name if _BARE_NAME.fullmatch(name) else _in_quotes(name) for name in names)])


def _node(node: Node) -> str:
    match node:
        case Everything():
            return "*"
        case And(items):
            return " ".join(_within(item, And | Or) for item in items)
        case Or(items):
            return _list(items) or " OR ".join(_within(item, Or) for item in items)
        case Not(item):
            return f"-{_within(item, And | Or)}"
        case _:
            return "".join(_leaf(node))


def _within(node: Node, bracketed: type | object) -> str:
    """A part of a larger query, in brackets where it would be read otherwise without."""
    text = _node(node)
    single = isinstance(node, Or) and _list(node.items)
    return f"({text})" if isinstance(node, bracketed) and not single else text  # type: ignore[arg-type]


def _list(items: tuple[Node, ...]) -> str | None:
    """Alternatives of one field as a list; None when they are not."""
    leaves = [_leaf(item) for item in items if not isinstance(item, And | Or | Not | Everything)]
    if len(leaves) < max(2, len(items)) or len({name for name, _ in leaves}) > 1 or not leaves[0][0]:
        return None
    values = [value for _, value in leaves]
    if any("," in value and not value.startswith('"') for value in values):
        return None
    return f"{leaves[0][0]}({', '.join(values)})"


def _leaf(node: Leaf) -> tuple[str, str]:
    """Name with its colon, and value; the name is empty for free text."""
    match node:
        case ArgExists(path):
            return f"{argument(path)}:", "*"
        case ArgPattern(path, pattern):
            return f"{argument(path)}:", _pattern(pattern)
        case ArgCompare(path, op, value):
            return f"{argument(path)}:", quoted(value) if isinstance(value, str) else f"{_SIGNS[op]}{_number(value)}"
        case ArgSpan(path, low, high):
            return f"{argument(path)}:", f"{'' if low is None else _number(low)}..{'' if high is None else _number(high)}"
        case Words() | WordPrefix() | WordPattern() | Substring():
            name = "" if node.field == "text" else f"{node.field}:"
            return name, _payload(node)
        case Exists(name):
            return f"{name}:", "*"
        case Pattern(name, pattern):
            return f"{name}:", _pattern(pattern)
        case Span(name, low, high):
            return f"{name}:", _span(FIELDS[name], low, high)
        case Compare(name, op, value):
            return f"{name}:", _compared(FIELDS[name], op, value)
        case Among(name, texts):
            return f"{name}:", f"({', '.join(quoted(text) for text in texts)})"


def _payload(node: Words | WordPrefix | WordPattern | Substring) -> str:
    match node:
        case Words(_, phrase):
            return phrase if TOKEN.fullmatch(phrase) and _BARE_WORD.fullmatch(phrase) else _in_quotes(phrase)
        case WordPrefix(_, prefix):
            return f"{prefix}*"
        case WordPattern(_, pattern):
            return pattern
        case Substring(_, part):
            return f"*{part}*"


def _pattern(pattern: str) -> str:
    return f"={pattern}" if pattern.startswith(("<", ">", "=")) else pattern


def _compared(field: Field, op: Operator, value: Scalar) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value) if field.kind in ("word", "id") else value
        case Day(-1):
            return f"{'>' if op in ('gt', 'ge') else '<='}today"
        case Ago() | Day():
            return f"{_SIGNS[op]}{_relative(value)}"
        case _ if field.kind == "time":
            return _bounded(op, value)
        case _:
            return f"{_SIGNS[op]}{_quantity(field, value)}"


def _bounded(op: Operator, value: int) -> str:
    """A comparison with a moment. What stands for a whole second or day is never written with `>` or `<=`: they would mean its end."""
    if op in ("gt", "le"):
        op, value = ("ge" if op == "gt" else "lt"), value + 1
    if value > _END:
        # The day after the last one that can be written.
        return f"{'>' if op == 'ge' else '<='}9999-12-31"
    return f"{_SIGNS[op]}{_moment(value)}" if op != "eq" else _span_of(value, value + 1)


def _span(field: Field, low: int | Relative | None, high: int | Relative | None) -> str:
    if field.kind != "time":
        return "..".join("" if end is None else _quantity(field, end) for end in (low, high) if not isinstance(end, Ago | Day))
    if isinstance(low, Day) and isinstance(high, Day) and high.back == low.back - 1 and low.back in DAYS.values():
        return _relative(low)
    if isinstance(low, int) and isinstance(high, int):
        return _span_of(low, high)
    return "..".join("" if end is None else _relative(end) if isinstance(end, Ago | Day) else _moment(end) for end in (low, high))


def _span_of(low: int, high: int) -> str:
    """Two moments, or the one unit that they are the ends of."""
    written = _written(low)
    units = (written[:7], written[:10], written[:16] + "Z", written[:19] + "Z", *(f"{written[:end]}Z" for end in range(21, 27)))
    for unit in units:
        if compared(FIELDS["time"], "eq", unit, 0) == Span("time", low, high):
            return unit
    return f"{_moment(low)}..{_moment(high)}"


def _relative(value: Relative) -> str:
    if isinstance(value, Day):
        return next(name for name, back in DAYS.items() if back == value.back)
    weeks, rest = divmod(value.us, _WEEK_US)
    return "now" if not value.us else f"-{weeks}w" if weeks >= _WEEKS_MIN and not rest else f"-{_duration(value.us)}"


def _moment(value: int) -> str:
    """The shortest text that reads back as this moment."""
    value = max(_BEGIN, min(value, _END))
    written = _written(value)
    for end in (10, 16, 19):
        text = written[:end] if end == 10 else f"{written[:end]}Z"
        if moment(text, 0)[0] == value:
            return text
    return written.rstrip("0") + "Z"


def _written(value: int) -> str:
    """All digits of a moment. Times that no calendar has become its nearest end."""
    when = _EPOCH + datetime.timedelta(microseconds=max(_BEGIN, min(value, _END)))
    return f"{when.year:04d}-{when:%m-%dT%H:%M:%S}.{when.microsecond:06d}"


def _quantity(field: Field, value: int | Relative) -> str:
    assert isinstance(value, int)
    if field.kind == "duration":
        return _duration(value)
    unit, factor = (
        next(((unit, factor) for unit, factor in _SIZES if value and value % factor == 0), ("", 1)) if field.kind == "size" else ("", 1)
    )
    return f"{value // factor}{unit}"


def _duration(us: int) -> str:
    unit, factor = next((unit, factor) for unit, factor in _DURATIONS if us % factor == 0)
    return f"{us // factor}{unit}" if us else "0s"


def _number(value: float) -> str:
    return repr(value).removesuffix(".0").replace("e+", "e") if value != int(value) or abs(value) >= 1e15 else str(int(value))


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
