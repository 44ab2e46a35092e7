"""What the template of the rule tester shows."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup, escape
from msgspec import Struct

from gatebook.console.looks import EFFECTS, Look
from gatebook.console.marks import kind_words
from gatebook.reading.trials import TrialOrder
from gatebook.reading.trying import Tried, TriedFind, TriedNear
from gatebook.reading.wording import FAULT_WORDS

ACTIONS: Final = {
    "log": "logged",
    "redact": "redacted",
    "mask_last4": "masked but for four",
    "hash": "hashed",
    "block": "blocked",
}


class Place(Struct, frozen=True, kw_only=True):
    """A choice of where the text would pass."""

    value: str
    label: str
    on: bool


class PlaceGroup(Struct, frozen=True, kw_only=True):
    """A connector with its tools."""

    name: str
    places: tuple[Place, ...]


class FindRow(Struct, frozen=True, kw_only=True):
    """One line of the table of finds."""

    detector: str
    severity: str
    place: str
    count: int
    shape: str
    done: str


class NearRow(Struct, frozen=True, kw_only=True):
    """One candidate that is no find."""

    detector: str
    shape: str
    why: str


class RuleRow(Struct, frozen=True, kw_only=True):
    """One guardrail, and whether it applies."""

    guardrail: str
    done: str
    says: str
    applies: bool


class TriedView(Struct, frozen=True, kw_only=True):
    """What became of a text. `marked` has each find marked, with its detector in words beside it."""

    look: Look
    sentence: str
    marked: Markup
    becomes: str | None
    same: bool
    kept: str | None
    finds: tuple[FindRow, ...]
    more: int
    near: tuple[NearRow, ...]
    rules: tuple[RuleRow, ...]


def places(tools: Mapping[str, Sequence[str]], order: TrialOrder) -> list[PlaceGroup]:
    """The choices of connector and tool; what was chosen stays, also when it is not known."""
    chosen = f"{order.connector}/{order.tool}" if order.tool else order.connector
    known = {name: tuple(found) for name, found in tools.items()}
    if order.connector and (order.connector not in known or (order.tool and order.tool not in known[order.connector])):
        known[order.connector] = (*known.get(order.connector, ()), *([order.tool] if order.tool else []))
    return [
        PlaceGroup(
            name=name,
            places=(
                Place(value=name, label=f"All of {name}", on=chosen == name),
                *(Place(value=f"{name}/{tool}", label=tool, on=chosen == f"{name}/{tool}") for tool in found),
            ),
        )
        for name, found in known.items()
    ]


def tried(text: str, found: Tried) -> TriedView:
    """The answer to a trial."""
    return TriedView(
        look=EFFECTS[found.effect],
        sentence=_sentence(found),
        marked=mark(text, found.found),
        becomes=found.becomes,
        same=found.becomes == text,
        kept=found.kept,
        finds=tuple(_row(one) for one in found.found),
        more=found.more,
        near=tuple(NearRow(detector=one.detector, shape=one.shape, why=_why(one)) for one in found.near),
        rules=tuple(_rule(found, number) for number in range(len(found.guardrails))),
    )


def mark(text: str, finds: Sequence[TriedFind]) -> Markup:
    """The text with its finds marked; where several overlap, one mark names them all."""
    spans = sorted({(start, end, kind_words(one.detector)) for one in finds for start, end in one.spans})
    merged: list[tuple[int, int, tuple[str, ...]]] = []
    for start, end, kind in spans:
        if merged and start < merged[-1][1]:
            before = merged.pop()
            start, end, kinds = before[0], max(before[1], end), tuple(dict.fromkeys((*before[2], kind)))
        else:
            kinds = (kind,)
        merged.append((start, end, kinds))
    pieces: list[Markup] = []
    place = 0
    for start, end, kinds in merged:
        words = Markup('<mark>{}<span class="kind"> {}</span></mark>').format(text[start:end], ", ".join(kinds))
        pieces += [escape(text[place:start]), words]
        place = end
    return Markup("").join([*pieces, escape(text[place:])])


def _sentence(found: Tried) -> str:
    if found.fault is not None:
        why = f"It is {FAULT_WORDS.get(found.fault, found.fault)}."
        return f"{why} What cannot be scanned does not pass." if found.effect == "blocked" else f"{why} Nothing in force minds."
    if found.effect == "blocked":
        return found.reason
    if found.effect == "redacted":
        return found.reason or "It passes on without the values below."
    if any(one.guardrail for one in found.found):
        return "It passes on unchanged; what was found is on the record."
    if found.found:
        return "It passes on unchanged: no guardrail does anything about what was found."
    return "It passes on unchanged: nothing was found."


def _row(one: TriedFind) -> FindRow:
    place = one.pointer or ("the whole" if one.in_key else "the text")
    layers = f", within {' in '.join(reversed(one.layers))}" if one.layers else ""
    return FindRow(
        detector=one.detector,
        severity=one.severity,
        place=f"{place}{' (key)' if one.in_key else ''}{layers}",
        count=one.count,
        shape=one.shape,
        done=_done(one),
    )


def _done(one: TriedFind) -> str:
    if not one.guardrail:
        return "nothing: no guardrail looks for it"
    return f"{'would be ' if one.observed else ''}{ACTIONS[one.action]} by {one.guardrail}{', which observes' if one.observed else ''}"


def _why(one: TriedNear) -> str:
    if one.why == "check":
        return "Its checksum or another check fails."
    return f"No word such as {', '.join(word.rstrip('*') for word in one.words[:4])} stands near."


def _rule(found: Tried, number: int) -> RuleRow:
    rule = found.guardrails[number]
    if rule.applies:
        says = f"Applies to {rule.finds:,} {'find' if rule.finds == 1 else 'finds'}"
    elif rule.finds:
        says = f"Applies from {rule.min_count:,} finds on; there are {rule.finds:,}"
    else:
        says = "Its detectors found nothing"
    if rule.some:
        says += "; for some callers, hours or networks only"
    return RuleRow(
        guardrail=rule.guardrail, done=rule.action + (", observed only" if rule.observed else ""), says=f"{says}.", applies=rule.applies
    )
