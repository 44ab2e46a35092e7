"""Payloads as coloured, indented text. Works on tokens, not on parsed values, so that repeated keys and long numbers stay as they were sent."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from gatebook.console.marks import NONE, Marks

SHOWN_CHARACTERS_MAX = 256 * 1024
_DEPTH_MAX = 200
_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)|(?P<mark>[{}\[\]:,]))', re.DOTALL
)
_CLASS = {"string": "s", "number": "n", "word": "w", "mark": "p"}


def pretty(data: bytes, marks: Marks = NONE) -> tuple[Markup, bool]:
    """Return the payload as HTML, and whether it was cut at the end. What is not JSON is shown as plain text. `marks` says what was found where."""
    text = data.decode("utf-8", "replace")
    cut = len(text) > SHOWN_CHARACTERS_MAX
    shown = text[:SHOWN_CHARACTERS_MAX]
    try:
        return Markup("").join(_lines(shown, cut, marks)), cut
    except ValueError:
        return marks.placeholders(shown), cut


def _tokens(text: str, cut: bool) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            if not text[place:].strip():
                return
            if not cut:
                raise ValueError("not JSON")
            yield "word", text[place:]
            return
        kind = match.lastgroup
        assert kind is not None
        yield kind, match[kind]
        place = match.end()


class _Path:
    """The JSON pointer of the value that comes next."""

    def __init__(self) -> None:
        self._steps: list[str | int] = []

    def enter(self, bracket: str) -> None:
        self._steps.append(0 if bracket == "[" else "")

    def leave(self) -> None:
        self._steps.pop()

    def key(self, token: str) -> None:
        if self._steps:
            self._steps[-1] = token[1:-1].replace("~", "~0").replace("/", "~1")

    def comma(self) -> None:
        if self._steps and isinstance(step := self._steps[-1], int):
            self._steps[-1] = step + 1

    @property
    def pointer(self) -> str:
        return "".join(f"/{step}" for step in self._steps)


def _lines(text: str, cut: bool, marks: Marks) -> Iterator[Markup]:
    path = _Path()
    depth = 0
    tokens = list(_tokens(text, cut))
    for number, (kind, token) in enumerate(tokens):
        following = tokens[number + 1][1] if number + 1 < len(tokens) else ""
        before = tokens[number - 1][1] if number else ""
        if kind == "mark" and token in "}]":
            depth -= 1
            if depth < 0:
                raise ValueError("not JSON")
            path.leave()
            if before not in ("{", "["):
                yield Markup(_newline(depth))
        is_key = kind == "string" and following == ":"
        if is_key:
            path.key(token)
        yield _coloured(kind, token, is_key, path, marks)
        if kind == "mark" and token in "{[":
            path.enter(token)
            depth += 1
            if depth > _DEPTH_MAX:
                raise ValueError("too deep to lay out")
            if following not in ("}", "]"):
                yield Markup(_newline(depth))
        elif token == "," and kind == "mark":
            path.comma()
            yield Markup(_newline(depth))
        elif token == ":" and kind == "mark":
            yield Markup(" ")


def _coloured(kind: str, token: str, is_key: bool, path: _Path, marks: Marks) -> Markup:
    shown = Markup('<span class="{}">{}</span>').format(
        "k" if is_key else _CLASS[kind], marks.placeholders(token) if kind == "string" else escape(token)
    )
    if kind == "mark" or is_key or not marks.pointers:
        return shown
    return marks.at(path.pointer, shown)


def _newline(depth: int) -> str:
    return "\n" + "  " * depth


def diff(data: bytes) -> Markup:
    """A unified diff with its lines coloured."""
    lines = []
    for line in data[:SHOWN_CHARACTERS_MAX].decode("utf-8", "replace").splitlines():
        name = "at" if line.startswith("@@") else "add" if line.startswith("+") else "del" if line.startswith("-") else ""
        lines.append(Markup('<span class="{}">{}</span>').format(name, line) if name else escape(line))
    return Markup("\n").join(lines)
