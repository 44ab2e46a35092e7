"""One change of a definition, as people read it."""

import json
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from gatebook.definitions.characters import visible
from gatebook.definitions.wording import Run, runs
from gatebook.record.parts import Severity

# `schema`: the input schema changed in a way that neither plainly widens nor narrows what may be sent.
Kind = Literal["text", "widened", "narrowed", "schema", "annotation", "output", "icons", "name"]
VALUE_CHARACTERS_MAX = 400
_PATH_CHARACTERS_MAX = 300
_BELOW = " (below a negation or condition)"


class Missing:
    """Stands for a member that is not there; None would be JSON's null."""


MISSING = Missing()


class Change(Struct, frozen=True, kw_only=True):
    """What changed at one place. `path` is a JSON pointer (RFC 6901) into the definition.

    `before` and `after` are JSON, cut and with hidden characters written out; None where there was or is nothing. `text` is a sentence.
    `words` has the runs of words for the kind `text`.
    """

    path: str
    kind: Kind
    severity: Severity
    before: str | None
    after: str | None
    text: str
    words: tuple[Run, ...] = ()


_SEVERITIES: dict[Kind, Severity] = {
    "text": "medium",
    "widened": "high",
    "narrowed": "low",
    "schema": "medium",
    "annotation": "high",
    "output": "medium",
    "icons": "low",
    "name": "high",
}


def changed(path: str, kind: Kind, sides: tuple[Any, Any], text: str, severity: Severity | None = None) -> Change:
    """Make a change. `sides` are the values before and after, MISSING where there is none; the severity is that of the kind unless it is given."""
    before, after = sides
    words = runs(before, after) if kind == "text" and isinstance(before, str) and isinstance(after, str) else ()
    return Change(
        path=visible(path),
        kind=kind,
        severity=severity or _SEVERITIES[kind],
        before=shown(before),
        after=shown(after),
        text=visible(text),
        words=words,
    )


def turned(change: Change, kind: Kind) -> Change:
    """Return the change as one of another kind: what it means where it stands, below a negation or a condition."""
    return replace(change, kind=kind, severity=_SEVERITIES[kind], text=change.text.removesuffix(_BELOW) + _BELOW)


def shown(value: Any) -> str | None:
    """Return a value as JSON that is safe to show, at most 400 characters; None for MISSING."""
    if value is MISSING:
        return None
    text = visible(json.dumps(value, sort_keys=True, ensure_ascii=False))
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 1] + "…"


def step(path: str, key: str | int) -> str:
    """Return the pointer to a member or item below a path. What would make it longer than 300 characters is left out: `/…` ends such a pointer."""
    if path.endswith("/…"):
        return path
    below = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
    return below if len(below) <= _PATH_CHARACTERS_MAX else f"{path}/…"


def quoted(key: str) -> str:
    """Return a name as it stands in a sentence, cut to 80 characters."""
    return visible(key if len(key) <= 80 else key[:79] + "…")
