"""What the pages of cut-offs show, in words. What a person or a directory wrote is shown with hidden characters written out, and never long."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts.waits import Wait, waits
from gatebook.console.address import explorer
from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.looks import Look
from gatebook.console.people_view import address_of
from gatebook.console.times import SECOND_US, Range, duration
from gatebook.console.zones import Zone
from gatebook.definitions.telling import one_line
from gatebook.identity.cut_off import Cause
from gatebook.query.writing import term
from gatebook.reading.cut_off_room import CutOffFacts, Prospect, WorkerFacts

BARS_MAX = 32
_TEXT_CHARACTERS_MAX = 1000
_AROUND_US = 3600 * SECOND_US
CAUSES: dict[Cause, str] = {
    "deactivated": "Deactivated in the directory",
    "deleted": "Deleted in the directory",
    "groups": "Taken out of groups in the directory",
    "administrator": "By an administrator",
    "back_channel_logout": "Signed out at the identity provider",
    "token_revocation": "All access revoked at the identity provider",
}
_OUTCOMES: dict[str, Look] = {
    "revoked": Look(outcome="ok", shape="ok", word="Revoked"),
    "failed": Look(outcome="failed", shape="failed", word="Failed"),
    "nothing_offered": Look(outcome="other", shape="other", word="Deleted here"),
}
_BY_DIRECTORY = re.compile(r"directory \((.+)\)")
_GOING_ON = Look(outcome="other", shape="clock", word="Going on")


class Counted(Struct, frozen=True, kw_only=True):
    """How many of something."""

    count: int
    what: str


class CutOffRow(Struct, frozen=True, kw_only=True):
    """One cut-off in the list, and the head of its receipt."""

    id: str
    href: str
    name: str
    person: str
    person_href: str
    cause: str
    by: str
    signal: str
    numbers: tuple[Counted, ...]
    look: Look


class WorkerLine(Struct, frozen=True, kw_only=True):
    """One worker."""

    stream: str
    after: str
    streams: int
    calls: int


class CredentialLine(Struct, frozen=True, kw_only=True):
    """One credential at a connector."""

    connector: str
    id: str
    look: Look
    detail: str


class ServiceLine(Struct, frozen=True, kw_only=True):
    """A service account."""

    id: str
    href: str


class ReceiptView(Struct, frozen=True, kw_only=True):
    """The receipt. `told` of `all` steps are done; `open` says what is not."""

    row: CutOffRow
    ended: tuple[Counted, ...]
    sentence: str
    reason: str
    chart: Markup
    workers: tuple[WorkerLine, ...]
    credentials: tuple[CredentialLine, ...]
    services: tuple[ServiceLine, ...]
    last_call: str
    done: str
    open: tuple[str, ...]
    told: int
    all: int
    calls_href: str
    records_href: str


def row_of(facts: CutOffFacts, zone: Zone) -> CutOffRow:
    """The row of a cut-off."""
    revoked, failed = facts.upstream
    pairs = (
        (facts.tokens, "tokens"),
        (facts.sessions, "sessions"),
        (facts.grants, "grants"),
        (facts.streams, "streams"),
        (facts.calls, "calls"),
        (revoked, "revoked"),
        (failed, "failed"),
    )
    return CutOffRow(
        id=facts.id,
        href=f"/cut-offs/{facts.id}",
        name=one_line(facts.person_name, NAME_CHARACTERS_MAX),
        person=one_line(facts.person, NAME_CHARACTERS_MAX),
        person_href=address_of(facts.person),
        cause=CAUSES[facts.cause],
        by=_by(facts.by),
        signal=_second(facts.signal_us, zone),
        numbers=tuple(Counted(count=count, what=what) for count, what in pairs),
        look=_look(facts),
    )


def receipt_view(facts: CutOffFacts, zone: Zone) -> ReceiptView:
    """The receipt of a cut-off."""
    slowest = sorted(facts.workers, key=lambda one: (-one.after_us, one.stream))
    around = Range(since_us=facts.signal_us - _AROUND_US, until_us=facts.signal_us + _AROUND_US)
    return ReceiptView(
        row=row_of(facts, zone),
        ended=_numbers(
            (facts.tokens, "access token"),
            (facts.sessions, "console session"),
            (facts.grants, "grant of AI clients"),
            (facts.streams, "open stream"),
            (facts.calls, "call in flight"),
        ),
        sentence=sentence(facts),
        reason=one_line(facts.reason, _TEXT_CHARACTERS_MAX),
        chart=_chart(slowest[:BARS_MAX]),
        workers=tuple(
            WorkerLine(stream=one.stream, after=_after(one), streams=one.streams, calls=one.calls)
            for one in sorted(facts.workers, key=lambda one: one.stream)
        ),
        credentials=tuple(
            CredentialLine(
                connector=one_line(one.connector, NAME_CHARACTERS_MAX) or "–",
                id=one_line(one.credential, NAME_CHARACTERS_MAX),
                look=_OUTCOMES.get(one.outcome, _OUTCOMES["failed"]),
                detail=one_line(one.detail, _TEXT_CHARACTERS_MAX),
            )
            for one in facts.credentials
        ),
        services=service_lines(facts.services),
        last_call=_second(facts.last_call_us, zone) if facts.last_call_us else "",
        done=_second(facts.done_us, zone) if facts.done_us else "",
        open=_open(facts),
        told=len(facts.workers),
        all=len(facts.workers) + len(facts.waiting) + 1,
        calls_href=explorer(term("person", facts.person), around),
        records_href="/records?" + urlencode({"kind": "cut-offs", **around.params}),
    )


def service_lines(ids: Iterable[str]) -> tuple[ServiceLine, ...]:
    """Service accounts with the way to them."""
    return tuple(ServiceLine(id=one_line(id, NAME_CHARACTERS_MAX), href=address_of(id)) for id in ids)


def prospect_numbers(found: Prospect) -> tuple[Counted, ...]:
    """What would end, in numbers."""
    return _numbers(
        (found.tokens, "access token"),
        (found.sessions, "console session"),
        (found.grants, "grant of AI clients"),
        (found.credentials, "credential at connectors"),
    )


def sentence(facts: CutOffFacts) -> str:
    """What happened, in a sentence or two."""
    who = one_line(facts.person_name, NAME_CHARACTERS_MAX)
    if facts.done_us is None:
        return f"{who} is being cut off."
    lost = sum(one.lost for one in facts.workers)
    answered = len(facts.workers) - lost
    if not facts.workers:
        return f"{who} was cut off. No worker was serving."
    within = duration(max((one.after_us for one in facts.workers if not one.lost), default=0))
    said = f"{who} was cut off, and {_workers(answered)} refused within {within} of the signal." if answered else f"{who} was cut off."
    return said + (f" {lost:,} did not answer and {'refuses' if lost == 1 else 'refuse'} everybody until back in touch." if lost else "")


def _workers(count: int) -> str:
    return "the worker" if count == 1 else f"all {count:,} workers"


def _look(facts: CutOffFacts) -> Look:
    if facts.done_us is None:
        return _GOING_ON
    if facts.upstream[1]:
        return Look(outcome="failed", shape="failed", word="Not all revoked")
    if any(one.lost for one in facts.workers):
        return Look(outcome="other", shape="other", word="Worker without answer")
    return Look(outcome="ok", shape="ok", word="Complete")


def _open(facts: CutOffFacts) -> tuple[str, ...]:
    if facts.done_us is not None:
        return ()
    waiting = tuple(f"{one_line(stream, NAME_CHARACTERS_MAX)} has not said yet that it refuses" for stream in facts.waiting)
    return (*waiting, "Credentials at connectors are being revoked, and the last call is looked for")


def _chart(workers: list[WorkerFacts]) -> Markup:
    if not workers:
        return Markup("")
    rows = [Wait(label=one.stream, us=one.after_us, words=_after(one), name="medium" if one.lost else "c0") for one in workers]
    slowest = max(workers, key=lambda one: one.after_us)
    return waits(rows, f"From the signal until each worker refused; the slowest, {slowest.stream}, after {duration(slowest.after_us)}")


def _after(one: WorkerFacts) -> str:
    return f"no answer in {duration(one.after_us)}" if one.lost else duration(one.after_us)


def _by(text: str) -> str:
    """A person's id, `os:` and an account of the host, `idp:` and an identity provider, or the directory with its token's name, in words."""
    kind, _, name = text.partition(":")
    if kind == "idp" and name:
        text = f"identity provider {name}"
    elif found := _BY_DIRECTORY.fullmatch(text):
        text = f"directory, token “{found[1]}”"
    return one_line(text, NAME_CHARACTERS_MAX)


def _second(time_us: int, zone: Zone) -> str:
    return f"{zone.stamp(time_us)} {zone.word(time_us)}"


def _numbers(*pairs: tuple[int, str]) -> tuple[Counted, ...]:
    return tuple(Counted(count=count, what=_plural(count, what)) for count, what in pairs)


def _plural(count: int, what: str) -> str:
    first, space, rest = what.partition(" ") if any(word in what for word in (" of ", " at ", " in ")) else (what, "", "")
    return f"{first}{'' if count == 1 else 's'}{space}{rest}"
