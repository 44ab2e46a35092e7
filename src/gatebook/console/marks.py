"""What is marked in a payload: values that a finding points at, and the placeholders that stand where the gateway redacted."""

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape
from msgspec import Struct

from gatebook.record.parts import Finding

_PLACEHOLDER = re.compile(r"\[(redacted|masked|hashed):([A-Za-z0-9_./-]{1,80})(?: [^\[\]\n]{0,80})?\]")
_DONE = {"logged": "found", "redacted": "redacted", "masked": "masked", "hashed": "hashed", "blocked": "blocked"}


class Marks(Struct, frozen=True, kw_only=True):
    """Words by JSON pointer, and the rule that redacted."""

    pointers: Mapping[str, str] = {}
    rule: str = ""

    def at(self, pointer: str, shown: Markup) -> Markup:
        """The value at a pointer, marked when a finding stands there."""
        words = self.pointers.get(pointer)
        return shown if words is None else Markup('<mark title="{}">{}</mark>').format(words, shown)

    def placeholders(self, text: str) -> Markup:
        """A text with its placeholders marked."""
        parts, end = [], 0
        for match in _PLACEHOLDER.finditer(text):
            title = f"{kind_words(match[2])}, {match[1]}{f' by rule {self.rule}' if self.rule else ''}"
            parts += [escape(text[end : match.start()]), Markup('<mark class="gone" title="{}">{}</mark>').format(title, match[0])]
            end = match.end()
        return Markup("").join([*parts, escape(text[end:])])


NONE = Marks()


def marks(findings: Sequence[Finding], part: str, rule: str) -> Marks:
    """The marks of one part of a call. `rule` is the one that decided, where governance changed what passed."""
    words: dict[str, list[str]] = {}
    for finding in findings:
        if finding.part == part and finding.pointer:
            words.setdefault(finding.pointer, []).append(told(finding, rule))
    return Marks(pointers={pointer: "; ".join(told) for pointer, told in words.items()}, rule=rule)


def told(finding: Finding, rule: str) -> str:
    """A finding in words: its type, what was done, and by which rule."""
    by = f" by rule {rule}" if rule and finding.action != "logged" else ""
    return f"{kind_words(finding.type)} ({finding.severity}), {_DONE[finding.action]}{by}"


def kind_words(kind: str) -> str:
    """A type of data as people read it."""
    return kind.rpartition("/")[2].replace("_", " ")
