"""Local codings: characters of a text that stand for other characters, each replaced where it stands, with the way back to the original span.

Look-alikes and invisible characters, `\\uXXXX` and `\\xXX` left in the text, percent, HTML entities; and each tried apart, because its signs have
other uses: quoted-printable, forms (`+` for a space), and marks of Markdown within a word.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from gatebook.dlp.lookalikes import LOOKALIKES

_HIGH = "\x80-\U0010ffff"
_CODE = r"(?:u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2})"
_ENTITY = r"(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,12});"
# The first character is one class, which lets the engine skip all other text quickly.
_RUN = re.compile(
    rf"[\\%&{_HIGH}](?:(?<=[{_HIGH}])[{_HIGH}]*|(?<=%)[0-9a-fA-F]{{2}}(?:%[0-9a-fA-F]{{2}})*|(?<=&){_ENTITY}(?:&{_ENTITY})*"
    rf"|(?<=\\)\\{{0,6}}{_CODE}(?:\\{{1,6}}{_CODE})*)"
)
_QUOTED = re.compile(r"=(?:[0-9A-F]{2}(?:=[0-9A-F]{2})*|\r?\n)")
_PLUS = re.compile(r"[+]|%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*")
_MARKS = re.compile(r"(?<=[0-9A-Za-z@._-])(?:\*{2,3}|~~|``)(?=[0-9A-Za-z@._-])|(?<=[0-9A-Za-z])\\{1,4}(?=[_.*~+@-][0-9A-Za-z])")
# A few tag characters are noise between letters; more of them in a row write something.
_NOISE = re.compile("(?<![\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{1,3}(?![\U000e0020-\U000e007e])")
_FORM_SIGNS = re.compile(r"(?:^|[?&])[A-Za-z0-9_.-]{1,32}=[A-Za-z0-9%._*~-]{1,40}\+[A-Za-z0-9%]")
_ESCAPE = re.compile(r"\\+(?:u\{?|x)([0-9a-fA-F]+)\}?")
_QUOTED_SIGNS = re.compile(r"=(?:3D|40|2E|2D|5F|\r?\n)")
# Codings of several characters, and tag characters, of which a few are noise and more are not.
_SIGNS = re.compile("[\\\\%&\U000e0020-\U000e007e]")
_MAY_FOLD = re.compile(rf"[\\%&{_HIGH}]")
_KINDS = {
    "%": "percent",
    "&": "html",
    "\\": "escape",
    "=": "quoted_printable",
    "+": "form",
    "*": "markdown",
    "~": "markdown",
    "`": "markdown",
}


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        plain = self[code] = _plain(chr(code))
        return plain


_TABLE = _Table()


class Folded:
    """A text with its local codings replaced. `text` is the outcome."""

    def __init__(self, source: str, pattern: re.Pattern[str]) -> None:
        self._source = source
        self._pattern = pattern
        self.text = plain(source) if pattern is _RUN else pattern.sub(_replaced, source)
        self._by_letter = pattern is _RUN and not _SIGNS.search(source)
        self._ends: list[int] | None = None
        self._starts: list[int] | None = None
        self._pieces: list[tuple[int, int, int, str]] = []

    def original(self, start: int, end: int) -> tuple[int, int, tuple[str, ...]]:
        """Return the span of the source that a span of the outcome came from, and the codings in it, in order."""
        return self._letters(start, end) if self._by_letter else self.by_pieces(start, end)

    def _letters(self, start: int, end: int) -> tuple[int, int, tuple[str, ...]]:
        """The same where each character stands for itself or for others, and nothing is a coding: much quicker for a long text in another script."""
        if self._ends is None:
            self._ends = list(accumulate(map(len, map(_TABLE.__getitem__, map(ord, self._source)))))
        first, last = bisect_right(self._ends, start), bisect_right(self._ends, end - 1)
        changed = any(_TABLE[ord(char)] != char for char in self._source[first : last + 1])
        return first, last + 1, ("unicode",) if changed else ()

    def by_pieces(self, start: int, end: int) -> tuple[int, int, tuple[str, ...]]:
        """The same for any text."""
        if self._starts is None:
            self._starts = self._mapped()
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_right(self._starts, end - 1) - 1, 0)
        kinds = tuple(dict.fromkeys(kind for *_, kind in self._pieces[first : last + 1] if kind))
        return self._back(first, start, False), self._back(last, end, True), kinds

    def _back(self, piece: int, place: int, closing: bool) -> int:
        folded, at, size, kind = self._pieces[piece]
        if kind:
            return at + size if closing else at
        return at + place - folded

    def _mapped(self) -> list[int]:
        """Make the pieces: (where in the outcome, where in the source, size in the source, coding), and return where each begins in the outcome."""
        starts: list[int] = []
        folded = at = 0
        for match in self._pattern.finditer(self._source):
            if match.start() > at:
                self._pieces.append((folded, at, match.start() - at, ""))
                starts.append(folded)
                folded += match.start() - at
            at = match.start()
            kind = _kind(match.group())
            for size, plain in _units(match.group(), kind):
                same = size == 1 and plain == self._source[at]
                self._pieces.append((folded, at, size, "" if same else kind))
                starts.append(folded)
                folded += len(plain)
                at += size
        self._pieces.append((folded, at, len(self._source) - at, ""))
        starts.append(folded)
        return starts


def fold(text: str) -> Folded | None:
    """Return the folded text; None when nothing changes."""
    if not _MAY_FOLD.search(text):
        return None
    return _folded_if(text, _RUN)


def fold_quoted(text: str) -> Folded | None:
    """The same for quoted-printable."""
    return _folded_if(text, _QUOTED) if "=" in text and _QUOTED_SIGNS.search(text) else None


def fold_form(text: str) -> Folded | None:
    """The same for the fields of a form, in which + is a space."""
    return _folded_if(text, _PLUS) if "=" in text and _FORM_SIGNS.search(text) else None


def fold_marks(text: str) -> Folded | None:
    """The same for Markdown within a word: bold, strike-through, two code spans that touch, and backslashes before signs."""
    return _folded_if(text, _MARKS)


def folds(text: str) -> Iterator[Folded]:
    """Yield each way in which the text folds."""
    for way in (fold, fold_quoted, fold_form, fold_marks):
        folded = way(text)
        if folded is not None:
            yield folded


def _folded_if(text: str, pattern: re.Pattern[str]) -> Folded | None:
    folded = Folded(text, pattern)
    return folded if folded.text != text else None


def plain(text: str) -> str:
    """Return the text with every look-alike and coding replaced."""
    if not _MAY_FOLD.search(text):
        return text
    if _SIGNS.search(text):
        return _RUN.sub(_replaced, text)
    return _plainly(text)


def _kind(run: str) -> str:
    return "markdown" if run[0] == "\\" and run[-1] == "\\" else _KINDS.get(run[0], "unicode")


def _replaced(match: re.Match[str]) -> str:
    run = match.group()
    kind = _kind(run)
    if kind == "unicode":
        return _plainly(run)
    return "".join(part for _, part in _units(run, kind))


def _plainly(text: str) -> str:
    """Return a text with its look-alikes replaced, in which nothing else is a coding."""
    return (_NOISE.sub("", text) if max(text) >= "\U000e0020" else text).translate(_TABLE)


def _units(run: str, kind: str) -> list[tuple[int, str]]:
    """Return the parts of a run: how many characters of it, and what they stand for."""
    if kind == "unicode":
        noise = {place for match in _NOISE.finditer(run) for place in range(*match.span())}
        return [(1, "" if place in noise else _TABLE[ord(char)]) for place, char in enumerate(run)]
    if kind == "markdown":
        return [(len(run), "")]
    if kind == "form":
        return [(1, " ")]
    if kind == "escape":
        return [(len(match.group()), _character(int(match.group(1), 16))) for match in _ESCAPE.finditer(run)]
    if kind == "html":
        return [(len(part) + 1, html.unescape(part + ";").translate(_TABLE)) for part in run.split(";")[:-1]]
    if run[1] in "\r\n":
        return [(len(run), "")]
    data = bytes.fromhex(run.replace("%", "").replace("=", ""))
    if data.isascii():
        return [(3, chr(byte)) for byte in data]
    return [(len(run), data.decode(errors="replace").translate(_TABLE))]


def _character(code: int) -> str:
    return _TABLE[code] if code <= 0x10FFFF else ""


def _plain(char: str) -> str:
    """Return what a character looks like, in ASCII where it looks like ASCII; nothing for what cannot be seen."""
    code = ord(char)
    if code < 0x80:
        return char
    if 0xE0020 <= code <= 0xE007E:
        return chr(code - 0xE0000)
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me") or 0xFE00 <= code <= 0xFE0F or code in (0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800):
        return ""
    if category == "Pd" or code in (0x2212, 0x2043, 0x02D7):
        return "-"
    if category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    simple = LOOKALIKES.get(char) or unicodedata.normalize("NFKC", char)
    return "".join(LOOKALIKES.get(part, part) for part in simple)
