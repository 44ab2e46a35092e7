"""Which words of a text were taken out and which were put in."""

import re
from difflib import SequenceMatcher
from typing import Literal

from msgspec import Struct

from gatebook.definitions.characters import visible

Kind = Literal["same", "gone", "new"]
RUNS_MAX = 200
# Of what is left between the first and the last change; time grows by the square, and a definition may hold hundreds of texts.
WORDS_COMPARED_MAX = 400
RUN_CHARACTERS_MAX = 2_000
_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")  # A word takes the blanks behind it along.


class Run(Struct, frozen=True, kw_only=True):
    """Some words that stand together: in both texts, only in the older (`gone`), or only in the newer (`new`)."""

    kind: Kind
    text: str


def runs(before: str, after: str) -> tuple[Run, ...]:
    """Return the runs that lead from one text to the other. Hidden characters are written out, long runs and long lists of them cut.

    Joined, the runs that are not `new` give the older text and those that are not `gone` the newer one, where nothing was cut.
    """
    old, new = _WORD.findall(visible(before)), _WORD.findall(visible(after))
    # What surrounds a change is set apart first: that keeps the comparison small, however long the text.
    head = _shared(old, new)
    start, old, new = old[:head], old[head:], new[head:]
    tail = _shared(old[::-1], new[::-1])
    end, old, new = old[len(old) - tail :], old[: len(old) - tail], new[: len(new) - tail]
    found: list[tuple[Kind, list[str]]] = [("same", start), *_middle(old, new), ("same", end)]
    return tuple([Run(kind=kind, text=_cut("".join(words))) for kind, words in found if words][:RUNS_MAX])


def _middle(old: list[str], new: list[str]) -> list[tuple[Kind, list[str]]]:
    # What is so different is a new text.
    if len(old) > WORDS_COMPARED_MAX or len(new) > WORDS_COMPARED_MAX:
        return [("gone", old), ("new", new)]
    found: list[tuple[Kind, list[str]]] = []
    for operation, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new).get_opcodes():
        if operation == "equal":
            found.append(("same", old[old_from:old_to]))
        else:
            found += [("gone", old[old_from:old_to]), ("new", new[new_from:new_to])]
    return found


def _shared(old: list[str], new: list[str]) -> int:
    count = 0
    for left, right in zip(old, new, strict=False):
        if left != right:
            break
        count += 1
    return count


def _cut(text: str) -> str:
    return text if len(text) <= RUN_CHARACTERS_MAX else text[: RUN_CHARACTERS_MAX - 1] + "…"
