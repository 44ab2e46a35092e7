"""What stands behind a colon, or alone, as a leaf of the tree."""

import re
from typing import Final

from gatebook.query import values
from gatebook.query.errors import QueryError
from gatebook.query.fields import ORDERED, Field
from gatebook.query.paths import value_of
from gatebook.query.text import TOKEN, ascii_lower, fold, words
from gatebook.query.tree import (
    ArgCompare,
    ArgExists,
    ArgPattern,
    ArgSpan,
    Compare,
    Everything,
    Exists,
    Node,
    Operator,
    Pattern,
    Span,
    Substring,
    WordPattern,
    WordPrefix,
    Words,
)

PHRASE_WORDS_MAX: Final = 60
WILDCARDS_MAX: Final = 10
SIGNS: Final[dict[str, Operator]] = {">=": "ge", "<=": "le", ">": "gt", "<": "lt", "=": "eq"}
_STARS = re.compile(r"\*+")


class Written:
    """A value as it is written: its sign (or none), its text, whether that was in quotation marks, and the position of the text."""

    __slots__ = ("position", "quoted", "sign", "text")

    def __init__(self, sign: str, text: str, quoted: bool, position: int) -> None:
        self.sign = sign
        self.text = text if quoted else _STARS.sub("*", text)
        self.quoted = quoted
        self.position = position

    @property
    def wild(self) -> bool:
        """Whether its stars are wildcards."""
        return not self.quoted and "*" in self.text

    def pattern(self, text: str) -> str:
        """Return the text as a pattern. Raises QueryError when it has too many wildcards."""
        if text.count("*") > WILDCARDS_MAX:
            raise QueryError("too many wildcards", position=self.position, expected=f"at most {WILDCARDS_MAX}")
        return text


def of_field(field: Field, written: Written) -> Node:
    """Return the condition on a field. Raises QueryError."""
    text, position = written.text, written.position
    if written.sign and field.kind not in ORDERED and written.sign != "=":
        raise QueryError(f"{field.name} has no order", position=position - len(written.sign), expected=f"{field.name}:value")
    if field.kind == "text":
        return of_payload(field.name, written)
    if written.sign and field.kind in ORDERED:
        return values.compared(field, SIGNS[written.sign], text, position)
    if text == "*" and not written.quoted:
        return Exists(field.name)
    if field.kind in ORDERED and ".." in text:
        low, _, high = text.partition("..")
        if not low and not high:
            raise QueryError("this range has no end", position=position, expected="10..20, 10.. or ..20")
        return Span(field.name, values.bound(field, low, position), values.bound(field, high, position + len(low) + 2))
    if field.kind in ("word", "id"):
        text = (ascii_lower(text) if field.kind == "word" else text).encode("utf-8", "replace").decode()
        return (
            Pattern(field.name, written.pattern(text)) if written.wild else Compare(field.name, "eq", values.choice(field, text, position))
        )
    return values.compared(field, "eq", text, position)


def of_payload(name: str, written: Written) -> Node:
    """Return the condition on the words of payloads. Raises QueryError."""
    folded = fold(written.text)
    if not written.wild:
        if not folded.strip():
            raise QueryError("there is nothing to search for", position=written.position, expected="a word")
        if len(words(folded)) > PHRASE_WORDS_MAX:
            raise QueryError("the phrase is too long", position=written.position, expected=f"at most {PHRASE_WORDS_MAX} words")
        return Words(name, folded)
    pieces = folded.split("*")
    if not any(pieces):
        return Everything() if name == "text" else Exists(name)
    if len(pieces) == 3 and not pieces[0] and not pieces[2]:
        return Substring(name, pieces[1])
    if all(TOKEN.fullmatch(piece) for piece in pieces if piece):
        return WordPrefix(name, pieces[0]) if len(pieces) == 2 and not pieces[1] else WordPattern(name, written.pattern(folded))
    raise QueryError(
        "a wildcard stands within one word, of letters and digits",
        position=written.position,
        expected="word*, *end, wo*d, *part* or a “quoted phrase”",
    )


def of_argument(path: str, written: Written) -> Node:
    """Return the condition on the argument at a path. Raises QueryError."""
    text, position = written.text, written.position
    if written.sign and written.sign != "=":
        return ArgCompare(path, SIGNS[written.sign], values.number(text, position))
    if text == "*" and not written.quoted:
        return ArgExists(path)
    if not written.quoted and ".." in text:
        low, _, high = text.partition("..")
        if (low or high) and all(not end or values.is_number(end) for end in (low, high)):
            ends = [values.number(end, position) if end else None for end in (low, high)]
            return ArgSpan(path, ends[0], ends[1])
    return ArgPattern(path, written.pattern(fold(text))) if written.wild else ArgCompare(path, "eq", value_of(text))
