"""Query tree to SQL. What people write becomes bound parameters only; names of columns come from the table of fields."""

import struct

from msgspec import Struct

from gatebook.index.engine import Value
from gatebook.index.vocabulary import WHO, Vocabulary
from gatebook.query.fields import ARGS, FIELDS, ORDERED, Field
from gatebook.query.paths import NUMBER, SEPARATOR
from gatebook.query.resolve import absolute
from gatebook.query.text import words
from gatebook.query.tree import (
    Among,
    And,
    ArgCompare,
    ArgExists,
    ArgLeaf,
    ArgPattern,
    ArgSpan,
    Compare,
    Everything,
    Exists,
    FieldLeaf,
    Node,
    Not,
    Operator,
    Or,
    Pattern,
    Shown,
    Span,
    Substring,
    WordPattern,
    WordPrefix,
    Words,
)

_SIGNS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_NAMES_MAX = 60
_TIME_US_MIN = -2_208_988_800_000_000
_TIME_US_MAX = 10_413_791_999_000_000


class Condition(Struct, frozen=True):
    """A condition on the table of calls, with the values it needs; `payloads` says whether it looks into payloads."""

    sql: str
    params: dict[str, Value]
    payloads: bool


class Compiler:
    """Compiles trees for one database. `window` is a condition on `time` that every sub-query over payloads repeats, so that it stays small.

    With a vocabulary, words are compared as they are stored; without one, columns are folded. Within `Shown` neither the vocabulary nor an index of the
    engine is asked for fields, so that what is read does not depend on rows that are not shown; of payloads, other rows are never collected.
    """

    def __init__(self, database: str, window: str = "", vocabulary: Vocabulary | None = None) -> None:
        self._database = database
        self._window = window
        self._vocabulary = vocabulary
        self._params: dict[str, Value] = {}
        self._payloads = False
        self._beside = False
        self._rows = ""

    def compile(self, tree: Node) -> Condition:
        """Return the condition for a resolved tree. Raises ValueError for one with relative times."""
        return Condition(self._node(tree), self._params, self._payloads)

    def compile_beside_payloads(self, tree: Node) -> Condition:
        """Return the condition on the table of payloads, for a tree that `needs_payload`. Raises ValueError for one with relative times."""
        self._beside = True
        return self.compile(tree)

    def _node(self, node: Node) -> str:
        match node:
            case Everything():
                return "1"
            case Shown((rows, rest)):
                return self._shown(rows, rest)
            case And(items):
                return self._joined("AND", items)
            case Or(items):
                return self._joined("OR", items)
            case Not(item):
                return f"NOT ({self._node(item)})"
            case _ if _payload_only(node):
                return self._calls_where(self._payload(node))
            case _:
                assert isinstance(node, FieldLeaf)
                found = self._on_columns(node, FIELDS[node.field])
                # An index of the engine knows nothing of what stands in `if`. Times are in the order of the table, and every row shows its own.
                return f"if({self._rows}, {found}, 0)" if self._rows and node.field != "time" else found

    def _shown(self, rows: Node, rest: Node) -> str:
        """The rows first, then what is asked of them."""
        outer, self._rows = self._rows, ""
        self._rows = found = self._node(rows)
        inner = self._node(rest)
        self._rows = outer
        return f"({found} AND {inner})"

    def _joined(self, word: str, items: tuple[Node, ...]) -> str:
        """Join conditions; those on payloads share one sub-query, because each costs a look into the text index."""
        inside = [item for item in items if _payload_only(item)]
        if len(inside) < 2 or self._beside:
            return "(" + f" {word} ".join(self._node(item) for item in items) + ")"
        outside = [self._node(item) for item in items if not _payload_only(item)]
        shared = self._calls_where(f" {word} ".join(self._payload(item) for item in inside))
        return "(" + f" {word} ".join([shared, *outside]) + ")"

    def _calls_where(self, condition: str) -> str:
        self._payloads = True
        if self._beside:
            return condition
        within = "".join(f"{test} AND " for test in (self._window, self._rows) if test)
        return f"(time, call_id) IN (SELECT time, call_id FROM {self._database}.payloads WHERE {within}({condition}))"

    def _payload(self, node: Node) -> str:
        """A condition on the table of payloads. Nothing is negated inside: a call whose payload is gone must still match a NOT."""
        match node:
            case And(items):
                return "(" + " AND ".join(self._payload(item) for item in items) + ")"
            case Or(items):
                return "(" + " OR ".join(self._payload(item) for item in items) + ")"
            case ArgCompare(_, _, str()):
                # The index of pairs tells which granules to read; that of words besides takes half as long again.
                return f"({self._argument(node)})"
            case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
                return f"({self._named(node.path)}{self._argument(node)})"
            case _:
                assert isinstance(node, FieldLeaf)
                return "(" + " OR ".join(self._payload_column(node, column) for column in FIELDS[node.field].columns) + ")"

    def _payload_column(self, node: FieldLeaf, column: str) -> str:
        match node:
            case Words(_, phrase):
                bound = self._bind(phrase)
                tokens = words(phrase)
                if tokens == [phrase]:
                    return f"hasAllTokens({column}, {bound})"
                exact = f"position({column}, {bound}) > 0"
                return f"(hasAllTokens({column}, {bound}) AND {exact})" if tokens else f"({exact})"
            case WordPrefix(_, prefix):
                starts = f"arrayExists(word -> startsWith(word, {self._bind(prefix)}), tokens({column}, 'splitByNonAlpha'))"
                return f"({self._part(column, prefix)} AND {starts})"
            case WordPattern(_, pattern):
                longest = max(pattern.split("*"), key=len)
                fits = f"arrayExists(word -> word LIKE {self._bind(_like(pattern))}, tokens({column}, 'splitByNonAlpha'))"
                return f"({self._part(column, longest)} AND {fits})"
            case Substring(_, part):
                return f"({self._part(column, part)})"
            case _:
                return f"({column} != '')"

    def _part(self, column: str, part: str) -> str:
        """Characters that stand anywhere: LIKE and not position, because the indexes know that only."""
        return f"{column} LIKE {self._bind(f'%{_escape_like(part)}%')}"

    def _named(self, path: str) -> str:
        """What must hold beside a condition on an argument, through the index of words: its names stand in the text. Only where they surely do."""
        names = words(path)[:_NAMES_MAX] if path.isascii() and "\\" not in path else []
        return f"hasAllTokens(arguments, {self._bind(' '.join(names))}) AND " if names else ""

    def _argument(self, node: ArgLeaf) -> str:
        """A condition on the arguments by path: items of one list, path, separator, value."""
        match node:
            case ArgCompare(path, _, str() as value):
                return f"has({ARGS}, {self._bind(path + SEPARATOR + value)})"
            case ArgPattern(path, pattern):
                return f"arrayExists(item -> item LIKE {self._bind(_escape_like(path + SEPARATOR) + _like(pattern))}, {ARGS})"
            case ArgExists(path):
                below = f"startsWith(item, {self._bind(path + '.')})"
                return f"arrayExists(item -> startsWith(item, {self._bind(path + SEPARATOR)}) OR {below}, {ARGS})"
            case ArgSpan(path, low, high):
                bounds: list[tuple[Operator, float | None]] = [("ge", low), ("lt", high)]
            case ArgCompare(path, op, number):
                bounds = [(op, float(number))]
        # JSONExtractFloat and not toFloat64: that one is off by the last bit for one number in twenty.
        tests = [f"match(item, '^({NUMBER})$')"]
        tests += [f"JSONExtractFloat(item) {_SIGNS[op]} {self._float(bound)}" for op, bound in bounds if bound is not None]
        prefix = self._bind(path + SEPARATOR)
        values = f"arrayMap(item -> substring(item, length({prefix}) + 1), arrayFilter(item -> startsWith(item, {prefix}), {ARGS}))"
        return f"arrayExists(item -> {' AND '.join(tests)}, {values})"

    def _on_columns(self, node: FieldLeaf, field: Field) -> str:
        if isinstance(node, Compare | Span) and field.kind in ORDERED:
            return self._joined_columns(field, self._ordered(node, field))
        if (listed := self._listed(node, field)) is not None:
            return listed
        match node:
            case Exists():
                test = "{}" if field.kind == "flag" else f"{{}} != {field.absent}" if field.absent is not None else "{} != ''"
                if field.kind in ORDERED and field.absent is None or field.kind in ("uuid", "flag"):
                    test = "1"
            case Among(_, values):
                test = f"{{}} IN {self._bind(list(values))}"
            case Pattern(_, pattern):
                test = self._pattern(pattern, field)
            case Compare(_, _, bool() as value):
                test = f"{{}} = {int(value)}"
            case Compare(_, _, value) if field.kind == "uuid":
                test = f"{{}} = {self._bind(str(value), 'UUID')}"
            case Compare(_, _, value):
                test = f"{_folded(field)} = {self._bind(str(value))}"
            case _:
                raise ValueError(f"{field.name} cannot be asked for like this")
        return self._joined_columns(field, test)

    def _listed(self, node: FieldLeaf, field: Field) -> str | None:
        """The condition by the values that are stored, where the vocabulary knows them."""
        if self._vocabulary is None or self._rows or field.kind != "word" or field.choices:
            return None
        tests = []
        for column in (WHO,) if field.name == "person" else field.columns:
            match node:
                case Compare(_, "eq", str() as text):
                    values = self._vocabulary.equal(column, text)
                case Pattern(_, pattern):
                    values = self._vocabulary.like(column, pattern)
                case _:
                    return None
            if values is None:
                return None
            if not values:
                tests.append("0")
            elif field.many:
                tests.append(f"hasAny({column}, {self._bind(values)})" if len(values) > 1 else f"has({column}, {self._bind(values[0])})")
            else:
                tests.append(f"{column} IN {self._bind(values)}" if len(values) > 1 else f"{column} = {self._bind(values[0])}")
        return "(" + " OR ".join(tests) + ")"

    def _joined_columns(self, field: Field, test: str) -> str:
        if field.many:
            return "(" + " OR ".join(f"arrayExists(item -> {test.replace('{}', 'item')}, {column})" for column in field.columns) + ")"
        return "(" + " OR ".join(test.replace("{}", column) for column in field.columns) + ")"

    def _ordered(self, node: Compare | Span, field: Field) -> str:
        tests = [f"{{}} != {field.absent}"] if field.absent is not None else []
        if isinstance(node, Compare):
            tests.append(f"{{}} {_SIGNS[node.op]} {self._number(absolute(node.value), field)}")
        else:
            if node.low is not None:
                tests.append(f"{{}} >= {self._number(absolute(node.low), field)}")
            if node.high is not None:
                tests.append(f"{{}} < {self._number(absolute(node.high), field)}")
        return "(" + " AND ".join(tests or ["1"]) + ")"

    def _number(self, value: int, field: Field) -> str:
        if field.kind == "time":
            return moment_sql(self._bind(max(_TIME_US_MIN, min(value, _TIME_US_MAX)), "Int64"))
        return self._bind(value, "Int64")

    def _pattern(self, pattern: str, field: Field) -> str:
        head, star, rest = pattern.partition("*")
        if star and not rest:
            return f"startsWith({_folded(field)}, {self._bind(head)})"
        return f"{_folded(field)} LIKE {self._bind(_like(pattern))}"

    def _float(self, value: float) -> str:
        """Bind the very double: as text it would be read with an error in its last bit."""
        return f"reinterpretAsFloat64({self._bind(struct.unpack('<Q', struct.pack('<d', value))[0], 'UInt64')})"

    def _bind(self, value: Value, kind: str = "String") -> str:
        name = f"p{len(self._params)}"
        self._params[name] = value
        if isinstance(value, list):
            kind = f"Array({kind})"
        return f"{{{name}:{kind}}}"


def _payload_only(node: Node) -> bool:
    match node:
        case And(items) | Or(items):
            return all(_payload_only(item) for item in items)
        case Everything() | Not():
            return False
        case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
            return True
        case _:
            return FIELDS[node.field].kind == "text"


def scans_words(sql: str) -> bool:
    """Say whether a statement looks for characters within responses: by the list of all words that the text index has, as nothing else helps there."""
    return "response LIKE" in sql


def needs_payload(node: Node) -> bool:
    """Say whether only calls with a payload can match."""
    match node:
        case And(items):
            return any(needs_payload(item) for item in items)
        case Or(items):
            return all(needs_payload(item) for item in items)
        case _:
            return _payload_only(node)


def is_confined(node: Node) -> bool:
    """Say whether something is asked of some rows only, so that nothing else may depend on the others."""
    match node:
        case Shown():
            return True
        case And(items) | Or(items):
            return any(is_confined(item) for item in items)
        case Not(item):
            return is_confined(item)
        case _:
            return False


def order_of(node: Node) -> str:
    """Return the projection of the table of calls in which all calls that can match stand together, by person or by session.

    "any" where that depends on how many there are: the engine sees. Empty when there is none.
    """
    match node:
        case And(items):
            return "" if needs_payload(node) else next((order for item in items if (order := order_of(item))), "")
        case Compare("person" | "session" as name, "eq", _):
            return "by_who" if name == "person" else "by_session"
        case Pattern("person"):
            return "any"
        case _:
            return ""


def moment_sql(bound: str) -> str:
    """Return the expression for a time that is bound as microseconds since 1970."""
    return f"fromUnixTimestamp64Micro({bound}, 'UTC')"


def _folded(field: Field) -> str:
    # Closed sets are lower case as they are written; folding a column costs several times what comparing it does.
    if field.choices:
        return "{}"
    return "lower({})" if field.kind == "word" else "{}"


def _like(pattern: str) -> str:
    return "%".join(_escape_like(piece) for piece in pattern.split("*"))


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
