"""What may this person do? Every known tool, with what would come of a call whose arguments are not known."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from gatebook.policy.bundle import Bundle
from gatebook.policy.candidates import Candidates, Prepared
from gatebook.policy.request import Hints, Request

Reach = Literal["allowed", "conditional", "pending", "denied"]


class Reachable(Struct, frozen=True, kw_only=True):
    """One tool for one person.

    `allowed`: every call, maybe with redactions. `conditional`: it depends on arguments, time, network or counts. `pending`: every call
    waits for an approval or is denied. `denied`: every call is denied.
    """

    connector: str
    tool: str
    outcome: Reach
    rules: tuple[str, ...]
    """What decides; for conditional all that could."""
    reason: str = ""


def reach(bundle: Bundle, who: Request, tools: Mapping[str, Iterable[tuple[str, Hints]]]) -> Iterator[Reachable]:
    """Yield an answer for each tool, connectors and tools by name.

    `who` gives the person, groups, client and the moment; its connector, tool, arguments, address and approvals are not used.
    """
    for connector in sorted(tools):
        for tool, hints in sorted(tools[connector], key=lambda one: one[0]):
            request = replace(who, connector=connector, tool=tool, hints=hints, connect=False, arguments=None, approvals=frozenset())
            outcome, rules, reason = _reached(bundle.candidates(request), request)
            yield Reachable(connector=connector, tool=tool, outcome=outcome, rules=rules, reason=reason)


def _reached(candidates: Candidates, request: Request) -> tuple[Reach, tuple[str, ...], str]:
    ruling = [one for one in candidates.rules if one.decides]
    certain = tuple(one for one in ruling if not one.dynamic)
    # Decided by what is certain alone, this is what holds when no condition is met.
    plain = Candidates(candidates.standing, certain, candidates.default, candidates.bundle).decide(request)
    if not candidates.visible(request.time_us):
        return "denied", (plain.rule,), plain.reason or ""
    if plain.effect == "pending":
        return "pending", (plain.rule,), plain.reason or ""
    lifted = candidates.lifted(request.time_us)
    may_stop = [one for one in ruling if one.dynamic and _stops(one, lifted)]
    if plain.effect == "blocked":
        may_stop += [one for one in ruling if one.dynamic and one.rule.effect in ("allow", "redact")]
    if may_stop:
        return "conditional", tuple(one.rule.id for one in may_stop), _reasons(may_stop)
    return "allowed", (plain.rule,), plain.reason or ""


def _stops(one: Prepared, lifted: Collection[str]) -> bool:
    """Whether a match would keep the call from going through now. A temporary grant lifts rules that deny, no others."""
    return one.rule.effect == "require_approval" or (one.rule.effect == "deny" and one.rule.id not in lifted)


def _reasons(rules: list[Prepared]) -> str:
    return "; ".join(dict.fromkeys(one.rule.reason for one in rules if one.rule.reason))
