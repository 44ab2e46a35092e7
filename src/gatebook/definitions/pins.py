"""What of a connector's tools was approved, and what the list that it shows now makes of that.

A tool may be called only while its definition is, byte for byte of its canonical form, the one that somebody approved.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from gatebook.definitions.definition import Definition
from gatebook.definitions.lookalikes import resembling

Verdict = Literal["ok", "new", "changed", "removed", "renamed", "look_alike"]


class Pin(Struct, frozen=True, kw_only=True):
    """The definition of one tool of one connector that was approved last: its hash (hex).

    `body_hash` (see Definition) lets a tool be recognized that comes back under another name; empty when it is not known.
    """

    tool: str
    hash: str
    body_hash: str = ""


class Judgement(Struct, frozen=True, kw_only=True):
    """What one tool of the list, or a pin without a tool, means. `hash` is what is listed now, `pinned` what the pin holds; None where there is none.

    `other` is the removed tool that a renamed one was, or the tool that a look-alike resembles.
    """

    tool: str
    verdict: Verdict
    hash: str | None
    pinned: str | None
    other: str | None = None


def judge(pins: Iterable[Pin], listed: Iterable[Definition]) -> list[Judgement]:
    """Hold a connector's complete list against its pins. Sorted by tool; the order and the pages of the list do not matter.

    A tool without a pin is new, renamed or a look-alike: never ok, or renaming would defeat pins by name.
    A name that is listed twice with different definitions is changed, whichever of them the pin holds. Raises ValueError for two pins of one tool.
    """
    known = _by_tool(pins)
    hashes: defaultdict[str, dict[str, Definition]] = defaultdict(dict)
    for definition in listed:
        hashes[definition.name][definition.hash] = definition
    gone = {name: pin for name, pin in known.items() if name not in hashes}
    found = [Judgement(tool=name, verdict="removed", hash=None, pinned=pin.hash) for name, pin in gone.items()]
    former = {pin.body_hash: name for name, pin in sorted(known.items(), reverse=True) if pin.body_hash and name not in hashes}
    alike = _alike(set(hashes) | set(known))
    for name, definitions in hashes.items():
        pin = known.get(name)
        if pin is None:
            found.append(_unpinned(min(definitions.values(), key=lambda each: each.hash), former, alike[name] - set(gone)))
        else:
            found.append(_pinned(pin, definitions))
    return sorted(found, key=lambda each: each.tool)


def _by_tool(pins: Iterable[Pin]) -> dict[str, Pin]:
    known: dict[str, Pin] = {}
    for pin in pins:
        if pin.tool in known:
            raise ValueError(f"There are two pins of the tool {pin.tool}.")
        known[pin.tool] = pin
    return known


def _alike(names: set[str]) -> defaultdict[str, set[str]]:
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for one, other, _ in resembling(names):
        alike[one].add(other)
        alike[other].add(one)
    return alike


def _pinned(pin: Pin, definitions: Mapping[str, Definition]) -> Judgement:
    # Of several definitions under one name the one that was not approved is told.
    shown = min(definitions, key=lambda each: (each == pin.hash, each))
    return Judgement(tool=pin.tool, verdict="ok" if shown == pin.hash else "changed", hash=shown, pinned=pin.hash)


def _unpinned(definition: Definition, former: Mapping[str, str], alike: set[str]) -> Judgement:
    verdict: Verdict = "new"
    other = None
    if definition.body_hash in former:
        verdict, other = "renamed", former[definition.body_hash]
    if alike:
        # Worse than a rename: both tools are there, and one can be taken for the other.
        verdict, other = "look_alike", min(alike)
    return Judgement(tool=definition.name, verdict=verdict, hash=definition.hash, pinned=None, other=other)
