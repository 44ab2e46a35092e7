"""A diff of two definitions as lines of text: for the record of a decision, and for a terminal.

Each line begins with a mark: `!` a change with its severity, `-` what was there, `+` what is there now, a space what tells where one is.
Nothing that a definition holds can begin a line of its own or hide in one.
"""

import json
from collections.abc import Iterator

from gatebook.definitions.change import Change
from gatebook.definitions.characters import visible
from gatebook.definitions.definition import Definition, members
from gatebook.definitions.diff import compare
from gatebook.definitions.wording import Run

CHARACTERS_MAX = 120_000
LINE_CHARACTERS_MAX = 4_000
_CONTEXT_CHARACTERS = 80
_HASH_DIGITS = 16


def told(before: Definition | None, after: Definition) -> str:
    """Return the difference in words; of a tool without a definition before, the whole definition. At most 120,000 characters."""
    head = f"  before {before.hash[:_HASH_DIGITS] if before else 'nothing'}, after {after.hash[:_HASH_DIGITS]}"
    lines = [head, *(_added(after) if before is None else _changed(before, after))]
    kept, size = 0, 0
    for line in lines:
        size += len(line) + 1
        if size > CHARACTERS_MAX:
            break
        kept += 1
    more = [f"  … {len(lines) - kept:,} more lines"] if kept < len(lines) else []
    return "".join(f"{line}\n" for line in [*lines[:kept], *more])


def laid_out(definition: Definition) -> str:
    """Return the definition as indented JSON with hidden characters written out, for reading."""
    return visible(json.dumps(members(definition), indent=2, ensure_ascii=False))


def one_line(text: str, characters_max: int = LINE_CHARACTERS_MAX) -> str:
    """Return a text with hidden characters and breaks of lines written out, cut to a length."""
    flat = visible(text).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return flat if len(flat) <= characters_max else flat[: characters_max - 1] + "…"


def _added(definition: Definition) -> Iterator[str]:
    for line in laid_out(definition).split("\n"):
        yield "+ " + (line if len(line) <= LINE_CHARACTERS_MAX else line[: LINE_CHARACTERS_MAX - 1] + "…")


def _changed(before: Definition, after: Definition) -> Iterator[str]:
    diff = compare(before, after)
    for change in diff.changes:
        yield f"! {change.severity} {change.path}: {one_line(change.text)}"
        yield from _sides(change)
    if diff.left_out:
        yield f"  … {diff.left_out:,} more changes"


def _sides(change: Change) -> Iterator[str]:
    if change.words:
        yield "- " + _worded(change.words, "gone")
        yield "+ " + _worded(change.words, "new")
        return
    if change.before is not None:
        yield "- " + one_line(change.before)
    if change.after is not None:
        yield "+ " + one_line(change.after)


def _worded(words: tuple[Run, ...], kind: str) -> str:
    """The text of one side, what changed in brackets, what is far from any change left out."""
    parts = []
    for place, run in enumerate(words):
        if run.kind == kind:
            parts.append(f"[{one_line(run.text)}]")
        elif run.kind == "same":
            parts.append(_near(one_line(run.text), place > 0, place + 1 < len(words)))
    return "".join(parts)


def _near(text: str, after_change: bool, before_change: bool) -> str:
    if len(text) <= 2 * _CONTEXT_CHARACTERS:
        return text
    head = text[:_CONTEXT_CHARACTERS] if after_change else ""
    tail = text[-_CONTEXT_CHARACTERS:] if before_change else ""
    return f"{head}…{tail}"
