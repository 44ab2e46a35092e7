"""What a tool can do to the flow of data: bring in words of strangers, read what is private, carry something out, destroy.

Bits, since every call looks at them. The shipped catalogue is a proposal; what people decide stands in an override.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from gatebook.definitions.known_tools import PATTERNS, VERBS
from gatebook.definitions.lookalikes import words

Label = Literal["untrusted_source", "private_source", "external_sink", "destructive"]

UNTRUSTED, PRIVATE, SINK, DESTRUCTIVE = 1, 2, 4, 8
UNREVIEWED = UNTRUSTED | PRIVATE | SINK
_BITS: dict[str, int] = dict(zip(get_args(Label), (UNTRUSTED, PRIVATE, SINK, DESTRUCTIVE), strict=True))


def bits(labels: Iterable[str]) -> int:
    """Return the labels as bits. Raises ValueError for one that does not exist."""
    found = 0
    for label in labels:
        if label not in _BITS:
            raise ValueError(f"There is no label {label}; there are {', '.join(_BITS)}.")
        found |= _BITS[label]
    return found


def names(of: int) -> tuple[str, ...]:
    """Return the labels that bits stand for, in their fixed order."""
    return tuple(label for label, bit in _BITS.items() if of & bit)


def labels_of(
    connector: str, tool: str, annotations: Mapping[str, Any], overrides: Mapping[str, Iterable[str]] | None = None, reviewed: bool = False
) -> int:
    """Return the labels of a tool as bits.

    The first override whose pattern (`connector/tool`, with `*` and `?`) fits decides alone. Then the catalogue does, by the words of the
    connector's name and the verb in the tool's. A server that is in neither counts as the first three labels, until it is reviewed:
    then its own hints are believed. Before, a hint can add the label destructive and take nothing away.
    """
    for pattern, labels in (overrides or {}).items():
        if fnmatchcase(f"{connector}/{tool}", pattern):
            return bits(labels)
    destroys = DESTRUCTIVE if annotations.get("destructiveHint") is True and annotations.get("readOnlyHint") is not True else 0
    shipped = _shipped(connector, tool)
    if shipped is not None:
        return shipped | destroys
    return _hinted(annotations) if reviewed else UNREVIEWED | destroys


def verb_of(tool: str) -> str | None:
    """Return the first word of a tool's name that says what is done, or None: `get` in `get_send_log`, `commit` in `git_commit`."""
    return next((word for word in words(tool) if word in VERBS), None)


def _shipped(connector: str, tool: str) -> int | None:
    families, verb = set(words(connector)), verb_of(tool)
    for pattern in PATTERNS:
        if not families.isdisjoint(pattern.families) and (not pattern.verbs or verb in pattern.verbs):
            return bits(pattern.labels)
    return None


def _hinted(annotations: Mapping[str, Any]) -> int:
    """Hints that are not given count as the protocol says: not read-only, destructive, open to the world."""
    reads, world = annotations.get("readOnlyHint") is True, annotations.get("openWorldHint") is not False
    found = PRIVATE | (UNTRUSTED if world else 0)
    if not reads:
        found |= (SINK if world else 0) | (DESTRUCTIVE if annotations.get("destructiveHint") is not False else 0)
    return found
