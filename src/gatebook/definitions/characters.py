"""Characters that a reader does not see, and the plain form of a text in which look-alikes are what they look like."""

import re
import unicodedata
from typing import Literal

from msgspec import Struct

HiddenKind = Literal["tag", "bidi", "invisible", "control", "format"]

_CLASSES: tuple[tuple[HiddenKind, str], ...] = (
    ("tag", "\U000e0000-\U000e007f"),
    ("bidi", "\u202a-\u202e\u2066-\u2069"),
    ("control", "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029"),
    # Marks of direction and the soft hyphen have an honest use in prose; the others below have none in a definition.
    ("format", "\u00ad\u061c\u200e\u200f"),
    (
        "invisible",
        "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800\u3164"
        "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff",
    ),
)
_HIDDEN = re.compile("|".join(f"(?P<{kind}>[{ranges}])" for kind, ranges in _CLASSES))
_SURROGATE = re.compile("[\ud800-\udfff]")
_JOINERS = "\u200c\u200d"
_EMOJI_STYLE = "\ufe0e\ufe0f"
_FIRST_JOINING_LETTER = "\u0590"  # Scripts that join letters, and so use joiners, begin here.
_NORMALIZED_AT_ONCE = 64  # Sorting a long run of combining marks takes time by its square.
_MARKS = re.compile("[\u0300-\u036f]")

# Letters that look like Latin ones, in fonts of people and tokens of models alike. What NFKD resolves (fullwidth, mathematical) needs no entry.
_LOOK = str.maketrans(
    dict(
        zip(
            "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0432\u043d\u043a\u043c\u0442\u0433\u04cf",
            "aeopcyxijshdqwbhkmtrl",
            strict=True,
        )
    )
    | dict(
        zip(
            "\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b3\u03b7\u03c9\u0131\u0251\u0261\u029f\u217c\u01c0\u2113",
            "abeikvoptuxynwiagllll",
            strict=True,
        )
    )
    | {
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2019": "'",
        "\u02bc": "'",
        "\u2044": "/",
    }
)


class Hidden(Struct, frozen=True, kw_only=True):
    """One character that a reader does not see: its position in characters, its code point, its kind."""

    position: int
    code_point: int
    kind: HiddenKind


def hidden(text: str, found_max: int = 100) -> list[Hidden]:
    """Return the first hidden characters, at most `found_max`. Joiners and styles where emoji and joining scripts need them are not hidden."""
    found: list[Hidden] = []
    for match in _HIDDEN.finditer(text):
        if match.group() in _JOINERS + _EMOJI_STYLE and _belongs(text, match.start()):
            continue
        found.append(Hidden(position=match.start(), code_point=ord(match.group()), kind=_kind(match)))
        if len(found) >= found_max:
            break
    return found


def visible(text: str) -> str:
    """Return the text with every hidden character written as `<U+200B>`, so that it can be shown without deceiving."""
    shown = _HIDDEN.sub(lambda match: f"<U+{ord(match.group()):04X}>", text)
    return _SURROGATE.sub(lambda match: f"<U+{ord(match.group()):04X}>", shown)


def folded(text: str) -> str:
    """Return the text as patterns should see it: compatibility forms resolved, hidden characters, accents and case gone, look-alikes Latin.

    Takes time in proportion to the length, whatever the text.
    """
    if text.isascii():
        return _HIDDEN.sub("", text).lower()
    pieces = (text[at : at + _NORMALIZED_AT_ONCE] for at in range(0, len(text), _NORMALIZED_AT_ONCE))
    decomposed = "".join(unicodedata.normalize("NFKD", piece) for piece in pieces)
    return _MARKS.sub("", _HIDDEN.sub("", decomposed)).casefold().translate(_LOOK)


def _kind(match: re.Match[str]) -> HiddenKind:
    return next(kind for kind, _ in _CLASSES if match.lastgroup == kind)


def _belongs(text: str, position: int) -> bool:
    before = text[position - 1] if position else ""
    if not before:
        return False
    category = unicodedata.category(before)
    if text[position] in _EMOJI_STYLE:
        # Digits, # and * become keycaps; arrows and a few other signs have an emoji form. A run of styles can carry a message.
        return category in ("So", "Sm", "Po", "Pd") or before in "0123456789"
    if category in ("So", "Sk") or before in _EMOJI_STYLE:
        return True
    return before >= _FIRST_JOINING_LETTER and category[0] in "LM"
