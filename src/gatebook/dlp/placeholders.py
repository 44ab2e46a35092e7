"""What looks like a secret and is none: placeholders, references, words, paths, and what repeats itself."""

import math
import re
from collections import Counter

_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|change[-_ ]?me|replace[-_ ]?(?:me|with|this)|your[-_ ]?[a-z]|insert[-_ ]|dummy|redacted|\bfake|sample|<[^>]*>|\$\{|\{\{|\$\(|%\([a-z]"
    r"|^\$[A-Z_]|^%[A-Z_]+%$|x{4,}|\*{3,}|\.{3,}|\u2026|^\[|^•|not[-_ ]?(?:a[-_ ]?)?real|todo|fixme|(?:my|some|test|the)[-_ ]?(?:secret|password|token|api[-_ ]?key|key)(?:$|[-_ ])"
    r"|^(?:none|null|nil|undefined|true|false|empty|unset|default|hidden|masked|secret|password|passwd|token)$"
)
_WORDS = re.compile(r"[^\W\d_]+(?:[-_. ][^\W\d_]+)*[.!?:]?")
_DOTTED = re.compile(r"[A-Za-z_]+\d{0,2}(?:(?:\.|::|->)[A-Za-z_]+\d{0,2})+")
_PATH = re.compile(r"(?:[A-Za-z]:\\|\.{0,2}/|~/|[a-z][a-z0-9+.-]*://|file:|arn:|vault:|op:|ref\+|env:|secret:|ssm:|sops:)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[:/]\d\d|v?\d+(?:\.\d+)+$")
_IDENTIFIER = re.compile(
    r"[a-z]+\d{0,2}(?:[A-Z][a-z]+\d{0,2})*|[A-Z][a-z]+(?:[A-Z][a-z]+)*|[A-Z]+(?:_[A-Z0-9]+)+|[a-z]+\d{0,2}(?:[_-][a-z0-9]{1,12})+"
)


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret instead of being one: `changeme`, `${VAR}`, `<token>`, `xxxx`, a value that was taken out before."""
    return bool(_PLACEHOLDER.search(value)) or len(set(value)) <= max(2, len(value) // 10)


def is_reference(value: str) -> bool:
    """Whether a value is a path, a URL, a name in code, a date or a version."""
    return bool(_PATH.match(value) or _DOTTED.fullmatch(value) or _DATE.match(value))


def is_words(value: str) -> bool:
    """Whether a value is made of plain words or is an identifier in a usual style."""
    if _WORDS.fullmatch(value):
        return not _looks_random(value)
    return bool(_IDENTIFIER.fullmatch(value)) and sum(char.isdigit() for char in value) <= 2 and not _looks_random(value)


def _looks_random(value: str) -> bool:
    """Whether letters change case as they do in random text, or hardly ever are vowels."""
    letters = [char for char in value if char.isalpha()]
    if len(letters) < 12:
        return False
    changes = sum(a.islower() and b.isupper() or a.isupper() and b.islower() for a, b in zip(letters, letters[1:], strict=False))
    vowels = sum(char in "aeiouyAEIOUY" for char in letters)
    return changes * 3 > len(letters) or vowels * 6 < len(letters)


def entropy_bits(value: str) -> float:
    """Return the Shannon entropy per character, in bits."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def classes(value: str) -> int:
    """Return how many of small letters, capitals, digits and other characters occur."""
    return (
        any(char.islower() for char in value)
        + any(char.isupper() for char in value)
        + any(char.isdigit() for char in value)
        + any(not char.isalnum() for char in value)
    )
