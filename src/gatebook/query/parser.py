"""Text to tree, by recursive descent over the characters.

query   = either*                      words beside each other are ANDed
either  = every ("OR" every)*
every   = term ("AND"? term)*
term    = ("NOT" | "-") term | "(" query ")" | field ":" value | word | "quoted phrase"
value   = list | ("<" | "<=" | ">" | ">=") plain | low ".." high | prefix* | plain | "quoted" | "*" (has a value)
"""

import difflib
import re

from gatebook.query import values
from gatebook.query.errors import QueryError
from gatebook.query.fields import BOUNDS, FIELDS, ORDERED, Field
from gatebook.query.matching import ascii_lower
from gatebook.query.text import TOKEN, fold, words
from gatebook.query.tree import (
    And,
    Compare,
    Everything,
    Exists,
    Node,
    Not,
    Operator,
    Or,
    Pattern,
    Query,
    Span,
    Substring,
    WordPrefix,
    Words,
)

LENGTH_MAX = 10_000
DEPTH_MAX = 50
TERMS_MAX = 300
PHRASE_WORDS_MAX = 60
WILDCARDS_MAX = 10

_SPACE = re.compile(r"\s*")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*):")
_BARE = re.compile(r'[^\s()"]+')
_BARE_IN_LIST = re.compile(r'[^\s()",]+')
_KEYWORD = re.compile(r'(AND|OR|NOT)(?=[\s()"]|$)')
_OPERATORS: dict[str, Operator] = {">=": "ge", "<=": "le", ">": "gt", "<": "lt", "=": "eq"}
_TERM = "a word, a “quoted phrase”, field:value or a bracket"


def parse(text: str) -> Query:
    """Parse a query. Raises QueryError with the position and what was expected there."""
    if len(text) > LENGTH_MAX:
        raise QueryError("the query is too long", position=LENGTH_MAX, expected=f"at most {LENGTH_MAX} characters")
    parser = _Parser(text)
    tree = parser.query() if parser.more() else Everything()
    if parser.more():
        raise parser.wrong("this bracket closes nothing", _TERM)
    return Query(text, tree)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.terms = 0

    def wrong(self, message: str, expected: str, *, at: int | None = None, nearest: str | None = None) -> QueryError:
        return QueryError(message, position=self.at if at is None else at, expected=expected, nearest=nearest)

    def more(self) -> bool:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.at < len(self.text)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def keyword(self, *names: str) -> bool:
        """Take one of the keywords, if it stands here."""
        match = _KEYWORD.match(self.text, self.at) if self.more() else None
        if match and match[1] in names:
            self.at = match.end()
            return True
        return False

    def query(self) -> Node:
        items = [self.every()]
        while self.keyword("OR"):
            items.append(self.every())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def every(self) -> Node:
        items = [self.term()]
        while self.more():
            start = self.at
            if self.keyword("OR"):
                self.at = start
                break
            if self.keyword("AND"):
                items.append(self.term())
            elif self.peek() == ")":
                break
            else:
                items.append(self.term())
        return items[0] if len(items) == 1 else And(tuple(items))

    def term(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise self.wrong("the query is nested too deeply", f"at most {DEPTH_MAX} levels")
        node = self._term()
        self.depth -= 1
        return node

    def _term(self) -> Node:
        if self.keyword("NOT"):
            return Not(self.term())
        start = self.at
        if not self.more():
            raise self.wrong("the query ends too early", _TERM)
        if self.keyword("AND", "OR"):
            raise self.wrong("a term is missing before this word", _TERM, at=start)
        if self.peek() == "-" and self.text[self.at + 1 : self.at + 2].strip():
            self.at += 1
            return Not(self.term())
        if self.peek() == "(":
            return self.bracket()
        if self.peek() == ")":
            raise self.wrong("a term is missing before this bracket", _TERM)
        return self.leaf()

    def bracket(self) -> Node:
        start = self.at
        self.at += 1
        node = self.query()
        if not self.more():
            raise self.wrong("this bracket is not closed", ")", at=start)
        self.at += 1
        return node

    def leaf(self) -> Node:
        self.terms += 1
        if self.terms > TERMS_MAX:
            raise self.wrong("the query has too many terms", f"at most {TERMS_MAX}")
        if match := _FIELD.match(self.text, self.at):
            return self.filter(match)
        start = self.at
        text, quoted = self.plain(_BARE)
        return _payload(FIELDS["text"], text, quoted, start)

    def plain(self, bare: re.Pattern[str]) -> tuple[str, bool]:
        """Take a quoted or bare text; say whether it was quoted."""
        if self.peek() == '"':
            return self.quoted(), True
        match = bare.match(self.text, self.at)
        if match is None:
            raise self.wrong("a value is missing", "a value")
        self.at = match.end()
        return match[0], False

    def quoted(self) -> str:
        start = self.at
        out: list[str] = []
        self.at += 1
        while (char := self.peek()) != '"':
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("\\", '"'):
                self.at += 1
                char = self.peek()
            if not char:
                raise self.wrong("this quotation is not closed", "a closing quotation mark", at=start)
            out.append(char)
            self.at += 1
        self.at += 1
        return "".join(out)

    def filter(self, match: re.Match[str]) -> Node:
        name = match[1].lower()
        if name not in FIELDS and name not in BOUNDS:
            near = difflib.get_close_matches(name, [*FIELDS, *BOUNDS], n=1, cutoff=0.5)
            raise self.wrong(
                f"there is no field “{match[1]}”",
                "the name of a field (or quotation marks around the text)",
                nearest=near[0] if near else None,
            )
        self.at = match.end()
        if name in BOUNDS:
            start = self.at
            text, _ = self.plain(_BARE)
            return Compare("time", "ge" if BOUNDS[name] == "ge" else "lt", values.moment(text, start)[0])
        field = FIELDS[name]
        if self.peek() == "(":
            return self.list(field)
        return self.value(field, _BARE)

    def list(self, field: Field) -> Node:
        start = self.at
        self.at += 1
        items: list[Node] = []
        while True:
            if not self.more():
                raise self.wrong("this list is not closed", ")", at=start)
            self.terms += 1
            if self.terms > TERMS_MAX:
                raise self.wrong("the query has too many terms", f"at most {TERMS_MAX}")
            items.append(self.value(field, _BARE_IN_LIST))
            if self.more() and self.peek() == ",":
                self.at += 1
            elif self.peek() == ")":
                self.at += 1
                return items[0] if len(items) == 1 else Or(tuple(items))
            elif self.more():
                raise self.wrong("values of a list are parted by commas", ", or )")

    def value(self, field: Field, bare: re.Pattern[str]) -> Node:
        operator = next((sign for sign in _OPERATORS if self.text.startswith(sign, self.at)), "")
        if operator and field.kind not in ORDERED and operator != "=":
            raise self.wrong(f"{field.name} has no order", f"{field.name}:value")
        self.at += len(operator)
        start = self.at
        text, quoted = self.plain(bare)
        if field.kind == "text":
            return _payload(field, text, quoted, start)
        if operator:
            return values.compared(field, _OPERATORS[operator], text, start)
        if text == "*" and not quoted:
            return Exists(field.name)
        if field.kind in ORDERED and ".." in text:
            low, _, high = text.partition("..")
            return Span(field.name, values.bound(field, low, start), values.bound(field, high, start + len(low) + 2))
        if field.kind in ("word", "id"):
            return _words(field, text, quoted, start)
        return values.compared(field, "eq", text, start)


def _words(field: Field, text: str, quoted: bool, position: int) -> Node:
    text = (ascii_lower(text) if field.kind == "word" else text).encode("utf-8", "replace").decode()
    if "*" not in text or quoted:
        return Compare(field.name, "eq", values.choice(field, text, position))
    if text.count("*") > WILDCARDS_MAX:
        raise QueryError("too many wildcards", position=position, expected=f"at most {WILDCARDS_MAX}")
    return Pattern(field.name, text)


def _payload(field: Field, text: str, quoted: bool, position: int) -> Node:
    folded = fold(text)
    if not quoted and "*" in folded:
        if not folded.strip("*"):
            return Everything() if field.name == "text" else Exists(field.name)
        if folded.startswith("*") and folded.endswith("*") and "*" not in folded[1:-1]:
            return Substring(field.name, folded[1:-1])
        if folded.endswith("*") and TOKEN.fullmatch(folded[:-1]):
            return WordPrefix(field.name, folded[:-1])
        raise QueryError("a payload is not searched for this wildcard", position=position, expected="word*, *part* or a “quoted phrase”")
    if not folded.strip():
        raise QueryError("there is nothing to search for", position=position, expected="a word")
    if len(words(folded)) > PHRASE_WORDS_MAX:
        raise QueryError("the phrase is too long", position=position, expected=f"at most {PHRASE_WORDS_MAX} words")
    return Words(field.name, folded)
