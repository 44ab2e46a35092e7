"""Names that a person or a model could take for one another."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple

from gatebook.definitions.characters import folded

Likeness = Literal["confusable", "near"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W_A-Za-z0-9]+")
_LATIN = str.maketrans({"0": "o", "1": "l", "I": "l", "|": "l", "O": "o"})
# Below this length a difference of one letter makes another word: get and set, tag and tab.
_WORD_CHARACTERS_MIN = 5
_GLUED_CHARACTERS_MIN = 8
_NAME_CHARACTERS_MAX = 256
_SLIP_CHARACTERS_MAX = 64
# So many names of one shape are no imitation of each other; and the pairs of a bucket grow by its square.
_BUCKET_MAX = 50


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: `readFile`, `read-file` and `READ_FILE` are all `read`, `file`."""
    return tuple(word.lower() for word in _WORD.findall(name[:_NAME_CHARACTERS_MAX]))


def skeleton(name: str) -> str:
    """Return what the name looks like: two names with one skeleton look the same in some font."""
    return folded(name[:_NAME_CHARACTERS_MAX].translate(_LATIN)).translate(_LATIN)


def likeness(one: str, other: str) -> Likeness | None:
    """Tell how two different names resemble each other: they look the same, they differ by one slip of the finger, or not at all (None).

    Not alike are names that only differ in style (`readFile`, `read_file`), in a plural s, or in a number: those are habits, not tricks.
    """
    return _compared(_form(one), _form(other))


def resembling(names: Iterable[str]) -> list[tuple[str, str, Likeness]]:
    """Return all pairs of names that resemble each other, each once, sorted. Takes time by the total length of the names, not by their pairs."""
    forms = {name: _form(name) for name in names}
    buckets: defaultdict[str, set[str]] = defaultdict(set)
    for form in forms.values():
        for key in _keys(form):
            buckets[key].add(form.name)
    found: dict[tuple[str, str], Likeness] = {}
    for bucket in buckets.values():
        alike = sorted(bucket)[:_BUCKET_MAX]
        for place, one in enumerate(alike):
            for other in alike[place + 1 :]:
                if (one, other) not in found and (kind := _compared(forms[one], forms[other])):
                    found[one, other] = kind
    return [(one, other, kind) for (one, other), kind in sorted(found.items())]


class _Form(NamedTuple):
    name: str
    words: tuple[str, ...]
    glued: str
    skeleton: str
    ascii: bool


def _form(name: str) -> _Form:
    parts = words(name)
    return _Form(name, parts, "".join(parts), skeleton(name), name.isascii())


def _compared(one: _Form, other: _Form) -> Likeness | None:
    if one.name == other.name or (one.words == other.words and one.ascii and other.ascii):
        return None
    if one.skeleton == other.skeleton:
        return "confusable"
    return "near" if _near(one, other) else None


def _keys(form: _Form) -> set[str]:
    """Two names of which one slip makes the other share a key: one slip is a letter less in one of them, or in both."""
    glued = form.glued
    shorter = {glued[:place] + glued[place + 1 :] for place in range(len(glued))} if len(glued) <= _SLIP_CHARACTERS_MAX else set()
    return {"=" + form.skeleton, "~" + glued} | {"~" + text for text in shorter}


def _near(one: _Form, other: _Form) -> bool:
    if max(len(one.glued), len(other.glued)) > _SLIP_CHARACTERS_MAX:
        return False
    if len(one.words) != len(other.words):
        return _slipped(one.glued, other.glued, _GLUED_CHARACTERS_MIN)
    differing = [(left, right) for left, right in zip(one.words, other.words, strict=True) if left != right]
    return len(differing) == 1 and _slipped(*differing[0], _WORD_CHARACTERS_MIN)


def _slipped(left: str, right: str, characters_min: int) -> bool:
    return min(len(left), len(right)) >= characters_min and one_slip(left, right) and not _habit(left, right)


def _habit(left: str, right: str) -> bool:
    return left + "s" == right or right + "s" == left or left.rstrip("0123456789") == right.rstrip("0123456789")


def one_slip(left: str, right: str) -> bool:
    """Tell whether one letter that is added, dropped or replaced, or two neighbours that are swapped, make one text from the other."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    left, right = left[start:], right[start:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or (left[:2] == right[1::-1] and left[2:] == right[2:])
