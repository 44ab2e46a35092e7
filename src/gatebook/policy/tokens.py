"""What an expression reads, found without evaluating it: converting arguments for the engine is the cost of a condition.

Where this reading is not certain it says that everything is read, which is slower and never wrong.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

_TOKEN = re.compile(
    r"""(?P<space>\s++|//[^\n]*+)
    |(?P<string>(?:[rR][bB]?|[bB][rR])(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"\n]*+\"|'[^'\n]*+')
        |[bB]?(?:\"\"\"(?:[^\\]|\\[\s\S])*?\"\"\"|'''(?:[^\\]|\\[\s\S])*?'''|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'))
    |(?P<number>0[xX][0-9a-fA-F]++[uU]?|(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*+|`[^`\n]*+`)
    |(?P<sign>\.\?|\[\?|&&|\|\||==|!=|<=|>=|[-+*/%!<>=?:.,(){}\[\]])""",
    re.VERBOSE,
)
_LOOPS = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})
_OPENING, _CLOSING = "([{", ")]}"


class Token(Struct, frozen=True):
    """One piece of the source. `kind` is string, number, name or sign; `at` counts characters from 0."""

    kind: str
    text: str
    at: int


class Reads(Struct, frozen=True, kw_only=True):
    """What an expression reads. `names` holds all names that could be variables; None: unknown, so all of them."""

    names: frozenset[str] | None
    keys: frozenset[str] | None
    """The members of `args`; None: all of them."""


def tokens(source: str) -> list[Token] | None:
    """Split an expression; None when something in it is not understood."""
    found, at = [], 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            return None
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match[0], at))
        at = match.end()
    return found


def reads(source: str) -> Reads:
    """Return what an expression reads."""
    split = tokens(source)
    if split is None:
        return Reads(names=None, keys=None)
    names, keys, everything = set(), set(), False
    for number, token in enumerate(split):
        if token.kind != "name" or _is_member(split, number):
            continue
        names.add(token.text.strip("`"))
        if token.text.strip("`") == "args":
            key = _key_after(split, number)
            everything = everything or key is None
            keys.add(key or "")
    return Reads(names=frozenset(names), keys=None if everything else frozenset(keys))


def depth(source: str) -> int:
    """Return how deep brackets are nested; of a source that is not understood, as if it held no texts."""
    deepest = level = 0
    split = tokens(source)
    for text in source if split is None else (token.text[:1] for token in split if token.kind == "sign"):
        level += (text in _OPENING) - (text in _CLOSING)
        deepest = max(deepest, level)
    return deepest


def loop_names(split: Sequence[Token]) -> frozenset[str]:
    """Return the names that loops (`all`, `exists`, `map` …) bind."""
    return frozenset(split[number + 2].text for number in _loops(split) if number + 2 < len(split))


def loop_depth(split: Sequence[Token]) -> int:
    """Return how deep loops are nested: 2 for a loop over a loop."""
    starts, stack, deepest = {number + 1 for number in _loops(split)}, [], 0
    for number, token in enumerate(split):
        if token.kind == "sign" and token.text[:1] in _OPENING:
            stack.append(number in starts)
            deepest = max(deepest, sum(stack))
        elif token.kind == "sign" and token.text in _CLOSING and stack:
            stack.pop()
    return deepest


def literal_patterns(split: Sequence[Token]) -> list[Token]:
    """Return the texts that stand as the only argument of `matches`."""
    shapes = zip(split, split[1:], split[2:], split[3:], strict=False)
    return [text for name, sign, text, end in shapes if (name.text, sign.text, end.text) == ("matches", "(", ")") and text.kind == "string"]


def _loops(split: Sequence[Token]) -> list[int]:
    return [
        number
        for number, (before, token, after) in enumerate(zip(split, split[1:], split[2:], strict=False), start=1)
        if before.text == "." and token.text in _LOOPS and after.text == "("
    ]


def _is_member(split: Sequence[Token], number: int) -> bool:
    """Whether a name is that of a member, as `to` in `args.to`; a dot with nothing before it makes a variable of it."""
    if number < 2 or split[number - 1].text not in (".", ".?"):
        return False
    before = split[number - 2]
    return before.kind != "sign" or before.text in _CLOSING


def _key_after(split: Sequence[Token], number: int) -> str | None:
    """Return the member that is read of `args` at this place; None for any other use of it."""
    if number and split[number - 1].text in (".", ".?"):
        return None
    after = [token.text for token in split[number + 1 : number + 4]] + ["", "", ""]
    kinds = [token.kind for token in split[number + 1 : number + 4]] + ["", "", ""]
    if after[0] in (".", ".?") and kinds[1] == "name" and after[2] != "(" and "`" not in after[1]:
        return after[1]
    if after[0] in ("[", "[?") and kinds[1] == "string" and after[2] == "]":
        return _plain_text(after[1])
    return None


def _plain_text(literal: str) -> str | None:
    """Return the value of a text literal that has neither prefix nor escape nor three quotes; None for others."""
    simple = literal[0] in "\"'" and "\\" not in literal and not literal.startswith(('"""', "'''"))
    return literal[1:-1] if simple else None
