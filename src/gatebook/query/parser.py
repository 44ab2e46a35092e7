"""Text to tree, by recursive descent over the characters.

query   = either*                      words beside each other are ANDed
either  = every ("OR" every)*
every   = term ("AND"? term)*
term    = ("NOT" | "-") term | "(" query ")" | field ":" value | word | "quoted phrase"
field   = name | "args" ("." (name | "quoted name"))+
value   = list | ("<" | "<=" | ">" | ">=") plain | low ".." high | prefix* | plain | "quoted" | "*" (has a value)
"""

import difflib
import re
from collections.abc import Callable
from functools import partial

from gatebook.query import leaves, values
from gatebook.query.errors import QueryError
from gatebook.query.fields import ARGS, BOUNDS, FIELDS, MEANT
from gatebook.query.leaves import SIGNS, Written
from gatebook.query.paths import PATH_CHARS_MAX, path_of
from gatebook.query.tree import And, Compare, Everything, Node, Not, Or, Query

LENGTH_MAX = 10_000
DEPTH_MAX = 50
TERMS_MAX = 300

SPACE = re.compile(r"[\s\0]*")
FIELD_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*):")
_SEGMENT = r'"(?:[^"\\]|\\.)*+"|[\w$@-]++'
ARGUMENT_NAME = re.compile(rf"{ARGS}((?:\.(?:{_SEGMENT}))++):", re.IGNORECASE | re.DOTALL)
ALMOST_ARGUMENT = re.compile(rf'{ARGS}\.(?:[^\s()"]*:|[^\s()":]*")', re.IGNORECASE)
BARE = re.compile(r'[^\s\0()"]+')
BARE_IN_LIST = re.compile(r'[^\s\0()",]+')
KEYWORD = re.compile(r'(AND|OR|NOT)(?=[\s\0()"]|$)')
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
        space = SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.at < len(self.text)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def keyword(self, *names: str) -> bool:
        """Take one of the keywords, if it stands here."""
        match = KEYWORD.match(self.text, self.at) if self.more() else None
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
        if match := ARGUMENT_NAME.match(self.text, self.at):
            return self.argument(match)
        if ALMOST_ARGUMENT.match(self.text, self.at):
            raise self.wrong("this is no path to an argument", f'{ARGS}.name:value or {ARGS}."odd name".name:value')
        if match := FIELD_NAME.match(self.text, self.at):
            return self.filter(match)
        start = self.at
        text, quoted = self.plain(BARE)
        return leaves.of_payload("text", Written("", text, quoted, start))

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
            near = [MEANT[name]] if name in MEANT else difflib.get_close_matches(name, [*FIELDS, *BOUNDS], n=1, cutoff=0.5)
            raise self.wrong(
                f"there is no field “{match[1][:40]}”",
                "the name of a field (or quotation marks around the text)",
                nearest=near[0] if near else None,
            )
        self.at = match.end()
        if name in BOUNDS:
            start = self.at
            text, _ = self.plain(BARE)
            return Compare("time", "ge" if BOUNDS[name] == "ge" else "lt", values.moment(text, start)[0])
        return self.values(partial(leaves.of_field, FIELDS[name]))

    def argument(self, match: re.Match[str]) -> Node:
        path = path_of(".".join(path_in(match[1])))
        if len(path) > PATH_CHARS_MAX:
            raise self.wrong("the path is too long", f"at most {PATH_CHARS_MAX} characters")
        self.at = match.end()
        return self.values(partial(leaves.of_argument, path))

    def values(self, leaf: Callable[[Written], Node]) -> Node:
        return self.list(leaf) if self.peek() == "(" else self.value(leaf, BARE)

    def list(self, leaf: Callable[[Written], Node]) -> Node:
        start = self.at
        self.at += 1
        items: list[Node] = []
        while True:
            if not self.more():
                raise self.wrong("this list is not closed", ")", at=start)
            self.terms += 1
            if self.terms > TERMS_MAX:
                raise self.wrong("the query has too many terms", f"at most {TERMS_MAX}")
            items.append(self.value(leaf, BARE_IN_LIST))
            if self.more() and self.peek() == ",":
                self.at += 1
            elif self.peek() == ")":
                self.at += 1
                return items[0] if len(items) == 1 else Or(tuple(items))
            elif self.more():
                raise self.wrong("values of a list are parted by commas", ", or )")

    def value(self, leaf: Callable[[Written], Node], bare: re.Pattern[str]) -> Node:
        sign = next((sign for sign in SIGNS if self.text.startswith(sign, self.at)), "")
        self.at += len(sign)
        start = self.at
        text, quoted = self.plain(bare)
        return leaf(Written(sign, text, quoted, start))


def path_in(written: str) -> list[str]:
    """Return the names of a path as they are written behind `args`: each with a dot before it, bare or in quotation marks."""
    return [_unquoted(found[0]) for found in re.finditer(_SEGMENT, written, re.DOTALL)]


def _unquoted(written: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", written[1:-1]) if written.startswith('"') else written
