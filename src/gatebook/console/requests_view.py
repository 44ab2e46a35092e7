"""What the pages about approvals and requests for access show, in words. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup
from msgspec import Struct

from gatebook.console import times
from gatebook.console.jsontree import pretty
from gatebook.console.looks import EFFECTS, Look
from gatebook.reading.asked import AskedCall
from gatebook.reading.requests import Access, Denied, WaitingCall
from gatebook.state.approvals import AccessRequest, Approval

_HOUR_US: Final = 3_600_000_000
_DURATIONS: Final = ((1, "1 hour"), (8, "8 hours"), (24, "1 day"), (168, "7 days"), (720, "30 days"))
_LINE_CHARACTERS_MAX: Final = 160
_LOOKS: Final[Mapping[str, Look]] = {
    "waiting": Look(outcome="other", shape="clock", word="Waiting"),
    "open": Look(outcome="other", shape="clock", word="Open"),
    "approved": Look(outcome="ok", shape="ok", word="Approved"),
    "granted": Look(outcome="ok", shape="ok", word="Granted"),
    "used": Look(outcome="ok", shape="ok", word="Approved, used"),
    "declined": Look(outcome="blocked", shape="blocked", word="Declined"),
    "revoked": Look(outcome="blocked", shape="blocked", word="Revoked"),
    "withdrawn": Look(outcome="other", shape="cancelled", word="Withdrawn"),
    "over": Look(outcome="other", shape="timeout", word="Over"),
    "too_old": Look(outcome="other", shape="timeout", word="Too old"),
    "denied": EFFECTS["blocked"],
}


class Fact(Struct, frozen=True):
    """A name and what stands beside it."""

    name: str
    text: str


class Card(Struct, frozen=True, kw_only=True):
    """One line of a list: what somebody wants, since when, how it stands, and where it is decided."""

    id: str
    href: str
    who: str
    what: str
    line: str
    why: str
    look: Look
    asked: str
    stamp: str
    does: str
    note: str = ""


class Duration(Struct, frozen=True):
    """A choice of a duration."""

    hours: int
    words: str
    on: bool


class Payload(Struct, frozen=True, kw_only=True):
    """Arguments as coloured text, or why there are none."""

    html: Markup | None
    cut: bool = False
    missing: str = ""


def durations(hours_max: int, chosen: int) -> list[Duration]:
    """The durations that somebody may choose, the longest allowed one among them; the nearest to `chosen` is set."""
    hours = [(hours, words) for hours, words in _DURATIONS if hours <= hours_max]
    if not any(found == hours_max for found, _ in hours) and hours_max < _DURATIONS[-1][0]:
        hours.append((hours_max, _hours(hours_max)))
    best = min(hours, key=lambda one: abs(one[0] - chosen))[0]
    return [Duration(found, words, found == best) for found, words in hours]


def look_of_call(one: WaitingCall, now_us: int) -> Look:
    """How a waiting call stands."""
    return _LOOKS[one.state] if one.decision is None else look_of_decision(one.decision, now_us)


def look_of_decision(decision: Approval, now_us: int) -> Look:
    """How a decision stands: an approval is used, or over, at some time."""
    if decision.decision == "declined":
        return _LOOKS["declined"]
    if decision.single_use and decision.used_us is not None:
        return _LOOKS["used"]
    return _LOOKS["over" if decision.until_us <= now_us else "approved"]


def look_of_access(access: Access | None) -> Look:
    """How a request stands; None: nobody has asked yet."""
    return _LOOKS["denied" if access is None else "over" if access.over else access.request.state]


def sentence(call: AskedCall) -> str:
    """Who wants what, and why it waits or was denied, in one plain sentence."""
    who = call.name or call.person or "Somebody erased"
    with_what = f", with {call.client}," if call.client else ""
    why = f": {call.reason.rstrip('.')}." if call.reason else "."
    if call.waits:
        return f"{who}{with_what} wants to run {call.tool} of {call.connector}; the policy {call.rule} asks for an approval first{why}"
    return f"{who}{with_what} wanted to run {call.tool} of {call.connector} and was refused{why}"


def waiting_card(one: WaitingCall, now_us: int) -> Card:
    """A waiting call as a line of the list."""
    call = one.call
    repeats = f"; made {one.repeats + 1} times" if one.repeats else ""
    return Card(
        id=call.call,
        href=f"/approvals/{call.call}",
        who=call.name or call.person or "Somebody erased",
        what=f"{call.tool} of {call.connector}",
        line="" if call.arguments is None else one_line(call.arguments),
        why=call.reason or f"The policy {call.rule} asks for an approval.",
        look=look_of_call(one, now_us),
        asked=times.ago(now_us - call.time_us) + repeats,
        stamp=times.stamp(call.time_us),
        does="Decide" if one.may_decide else "Open",
        note="Yours: somebody else decides" if one.own else "",
    )


def access_card(access: Access, names: Mapping[str, str], now_us: int) -> Card:
    """A request as a line of the list. `names` gives names of people by id."""
    request = access.request
    until = f"; until {times.stamp(request.until_us)} UTC" if request.state == "granted" and request.until_us else ""
    return Card(
        id=request.id,
        href=f"/access/{request.call}",
        who=names.get(request.person) or request.person,
        what=f"{request.tool} of {request.connector}",
        line="",
        why=request.reason,
        look=look_of_access(access),
        asked=times.ago(now_us - request.asked_us) + until,
        stamp=times.stamp(request.asked_us),
        does="Decide" if access.may_decide and request.state == "open" else "Open",
        note="Yours: somebody else decides" if access.own and request.state == "open" else "",
    )


def decided_card(decision: Approval, names: Mapping[str, str], now_us: int) -> Card:
    """A decision as a line of the list."""
    reason = f": {decision.reason}" if decision.reason else ""
    return Card(
        id=decision.call,
        href=f"/approvals/{decision.call}",
        who=names.get(decision.person) or decision.person,
        what=f"{decision.tool} of {decision.connector}",
        line="",
        why=f"By {decision.decided_by}{reason}",
        look=look_of_decision(decision, now_us),
        asked=times.ago(now_us - decision.decided_us),
        stamp=times.stamp(decision.decided_us),
        does="Open",
    )


def payload(call: AskedCall) -> Payload:
    """The exact arguments."""
    if call.arguments is None:
        return Payload(html=None, missing=call.lost)
    html, cut = pretty(call.arguments)
    return Payload(html=html, cut=cut)


def call_facts(call: AskedCall, approvers: Sequence[str]) -> list[Fact]:
    """What is known of the call."""
    deciders = ", ".join((*approvers, "administrators"))
    found = (
        ("Asked", f"{times.stamp(call.time_us)} UTC"),
        ("Person", call.person),
        ("Groups", ", ".join(call.groups)),
        ("App", call.client),
        ("Policy", call.rule),
        ("Who decides", deciders if call.waits else ""),
    )
    return [Fact(name, text) for name, text in found if text]


def decision_facts(decision: Approval) -> list[Fact]:
    """Who decided what, when and why."""
    scope = (
        ""
        if decision.decision == "declined"
        else "One call with these arguments"
        if decision.single_use
        else "All calls with these arguments"
    )
    found = (
        ("Decided by", decision.decided_by),
        ("When", f"{times.stamp(decision.decided_us)} UTC"),
        ("Reason", decision.reason or "none given"),
        ("Good for", scope),
        ("Until", f"{times.stamp(decision.until_us)} UTC" if scope else ""),
        ("Used", f"{times.stamp(decision.used_us)} UTC" if decision.used_us else "not yet" if scope else ""),
        ("For policies", ", ".join(decision.rules)),
    )
    return [Fact(name, text) for name, text in found if text]


def request_facts(request: AccessRequest) -> list[Fact]:
    """Who asked for what and why, and what was decided."""
    found = (
        ("Person", request.person),
        ("Asked", f"{times.stamp(request.asked_us)} UTC"),
        ("Why", request.reason),
        ("Denied by", ", ".join(request.rules) or "nothing allows it"),
        ("Decided by", request.decided_by or ""),
        ("When", f"{times.stamp(request.decided_us)} UTC" if request.decided_us else ""),
        ("Reason", request.decision_reason or ""),
        ("Until", f"{times.stamp(request.until_us)} UTC" if request.until_us else ""),
    )
    return [Fact(name, text) for name, text in found if text]


def access_sentence(denied: Denied) -> str:
    """How a denied call stands, in one sentence."""
    access = denied.access
    if access is None:
        return "Nobody has asked for access yet."
    request = access.request
    match request.state:
        case "open":
            return "The request waits for somebody who decides."
        case "granted" if access.over:
            return "Access was granted, and that time has passed."
        case "granted":
            return f"Access is granted until {times.stamp(request.until_us or 0)} UTC; the call can be repeated."
    return f"The request is {request.state}. A new one can be made after another call was refused."


def one_line(arguments: bytes) -> str:
    """Arguments on one line, cut where they are long."""
    text = " ".join(arguments[: _LINE_CHARACTERS_MAX * 4].decode("utf-8", "replace").split())
    return f"{text[: _LINE_CHARACTERS_MAX - 1]}…" if len(text) > _LINE_CHARACTERS_MAX else text


def _hours(hours: int) -> str:
    return f"{hours // 24:,} days" if hours % 24 == 0 and hours > 24 else f"{hours:,} hours" if hours > 1 else "1 hour"
