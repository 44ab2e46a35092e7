"""Where a candidate stands: its text, the key of its member, and the words near it."""

import re
from collections.abc import Callable
from functools import lru_cache

from gatebook.dlp.hit import Exhausted

_BEFORE = 72
_AFTER = 40
_LINE_MAX = 4_096
_SHORT = 4
_LOOK_EVERY = 8
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-rt-z]|[A-Z]s[a-z])")
_GLUE = re.compile(r"[_\-.\s]+")
_SEPARATORS = ",\t|;"
_TRACE_MAX = 64
TRACE = re.compile(r"\[(?:redacted:[a-z0-9_-]{1,48}|[a-z0-9_-]{1,48}:[0-9a-f]{12,16})\]")


class Purse:
    """What a scan may still spend on expensive checks; shared by all candidates of one scan."""

    def __init__(self, candidates_max: int, costly_max: int, in_time: Callable[[], None] = lambda: None) -> None:
        self._candidates = candidates_max
        self._in_time = in_time
        self._costly = costly_max

    def candidate(self) -> None:
        """Count one candidate. Raises Exhausted when there were too many, or the time is over."""
        self._candidates -= 1
        if self._candidates < 0:
            raise Exhausted("too_many")
        if self._candidates % _LOOK_EVERY == 0:
            self._in_time()

    def costly(self) -> bool:
        """Whether one more check of about 100 microseconds is affordable; when not, a candidate counts as valid without it."""
        self._costly -= 1
        return self._costly >= 0


class Around:
    """A candidate in its text. `key` are the names that the value stands under, as one string; empty when there is none.

    Nobody keeps one: the next candidate may be written into it.
    """

    __slots__ = ("end", "key", "purse", "start", "text")

    def __init__(self, text: str, start: int, end: int, key: str, purse: Purse) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.key = key
        self.purse = purse

    def is_all(self) -> bool:
        """Whether nothing stands before or after the value."""
        return not self.start and self.end == len(self.text)

    def before(self, size: int) -> str:
        """Return up to `size` characters before the value."""
        return self.text[max(0, self.start - size) : self.start]

    def after(self, size: int) -> str:
        """Return up to `size` characters after the value."""
        return self.text[self.end : self.end + size]

    def near(self, words: tuple[str, ...]) -> bool:
        """Whether one of the words stands in the key, near the value, or over its column of a table."""
        if self.key and _named(words, self.key):
            return True
        if not self.start and self.end == len(self.text):
            return False
        pattern = words_pattern(words)
        before, after = self.before(_BEFORE), self.after(_AFTER)
        if "[" in self.before(_BEFORE + _TRACE_MAX) or "[" in after:
            # The names in what redaction wrote are no context: with them a second scan would find more than the first.
            before = TRACE.sub(_blank, self.before(_BEFORE + _TRACE_MAX))[-_BEFORE:]
            after = TRACE.sub(_blank, self.after(_AFTER + _TRACE_MAX))[:_AFTER]
        if pattern.search(plain_words(f"{before}\n{after}")):
            return True
        heading = TRACE.sub("", self.heading())
        return bool(heading and pattern.search(plain_words(heading)))

    def heading(self) -> str:
        """Return the heading of the value's column when the text is a table with separators; else nothing."""
        first_end = self.text.find("\n", 0, _LINE_MAX)
        if first_end < 0 or self.start <= first_end:
            return ""
        line_start = self.text.rfind("\n", max(0, self.start - _LINE_MAX), self.start) + 1
        first, part = self.text[:first_end], self.text[line_start : self.start]
        for separator in _SEPARATORS:
            if separator in first:
                cells, column = first.split(separator), part.count(separator)
                return cells[column] if column < len(cells) else ""
        return ""


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


@lru_cache(maxsize=512)
def words_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern that finds one of the words in what `plain_words` returns; a word that ends in `*` may go on."""
    parts = (re.escape(plain_words(word.rstrip("*"))) + ("" if word.endswith("*") else r"(?:s|'s)?(?![a-z])") for word in words)
    return re.compile(rf"(?<![a-z])(?:{'|'.join(parts)})")


@lru_cache(maxsize=8192)
def _named(words: tuple[str, ...], key: str) -> bool:
    return words_pattern(words).search(plain_words(key)) is not None


def plain_words(text: str) -> str:
    """Return the text in lower case with camelCase, underscores and hyphens taken apart into words."""
    return _GLUE.sub(" ", _CAMEL.sub(" ", text)).lower()


def words_probe(words: tuple[str, ...]) -> str:
    """Return the cheap pattern that matches raw text wherever `words_pattern` may."""
    return "|".join(_short_probe(word) if len(word.rstrip("*")) <= _SHORT else _long_probe(word) for word in words)


def _long_probe(word: str) -> str:
    parts = re.escape(word.rstrip("*")).replace("\\ ", r"[\s_.\\-]{0,4}")
    return f"(?i:{parts})"


def _short_probe(word: str) -> str:
    """A short word stands alone, or is a part of a camelCase name; else it would be found within many others."""
    plain = word.rstrip("*")
    any_case, capital, upper = re.escape(plain), re.escape(plain.capitalize()), re.escape(plain.upper())
    lead = r"(?:[^A-Za-z]|\\[bfnrt])"
    if word.endswith("*"):
        return f"{lead}(?i:{any_case})|[a-z](?:{capital}|{upper})"
    return f"{lead}(?i:{any_case})(?:s?(?:[^A-Za-z]|$)|[A-Z])|[a-z](?:{capital}|{upper})(?:[^a-z]|$)"
