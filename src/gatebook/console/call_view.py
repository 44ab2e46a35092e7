"""What the template of one call shows."""

from typing import Any, Literal

from markupsafe import Markup
from msgspec import Struct

from gatebook.console import address, charts, filters, times
from gatebook.console.answers import texts_of
from gatebook.console.jsontree import SHOWN_CHARACTERS_MAX, pretty
from gatebook.console.looks import EFFECTS, Look, status_of
from gatebook.console.times import Range
from gatebook.index.rows import CallRow
from gatebook.reading.detail import CallDetail, StoredRecord
from gatebook.reading.sentence import sentence
from gatebook.record.body import CallFinished, CallRefused, CallStarted, MessageRelayed
from gatebook.record.parts import Decision, Timing

PARTS = ("Overview", "Arguments", "Response", "Decision", "Timing", "Messages", "Proof", "Raw")
_ALL = Range(preset="all")
_TIMING = (("upstream", "Connector"), ("gateway", "Gateway"), ("policy", "Policy"), ("dlp", "Data scan"), ("log", "Waiting for the log"))


class PayloadView(Struct, frozen=True, kw_only=True):
    """A payload, or in `missing` why there is none."""

    label: str
    text: bytes | None
    html: Markup
    cut: bool
    size: str
    missing: str
    shown_max: int = SHOWN_CHARACTERS_MAX


class Fact(Struct, frozen=True, kw_only=True):
    """One line of the overview; `href` finds all calls with this value."""

    term: str
    value: str
    href: str = ""
    mono: bool = False
    technical: bool = False


class DecisionView(Struct, frozen=True, kw_only=True):
    """What governance decided."""

    look: Look
    rule: str
    href: str
    reason: str
    bundle: str
    matched: tuple[str, ...]


class TimingPart(Struct, frozen=True, kw_only=True):
    """One part of the time."""

    name: str
    word: str
    us: int
    share: str


class TimingView(Struct, frozen=True, kw_only=True):
    """The split of the time, and its bar."""

    svg: Markup
    parts: list[TimingPart]


class MessageView(Struct, frozen=True, kw_only=True):
    """A message within the call."""

    clock: str
    arrow: str
    name: str
    relayed: bool
    payload: PayloadView


class RecordView(Struct, frozen=True, kw_only=True):
    """A record of the call in the log."""

    type: str
    stream: str
    seq: int
    leaf_hash: str
    prev: str
    html: Markup


class ProofView(Struct, frozen=True, kw_only=True):
    """What verifying found; `kind` is good, poor or wait."""

    kind: Literal["good", "poor", "wait"]
    icon: str
    title: str
    lines: list[str]
    hashes: list[str]


class CallView(Struct, kw_only=True):
    """All that the page of one call shows."""

    id: str
    title: str
    status: str
    sentence: str
    stamp: str
    total_us: int | None
    facts: list[Fact]
    said: list[str]
    arguments: PayloadView
    response: PayloadView
    decision: DecisionView | None
    timing: TimingView | None
    messages: list[MessageView]
    records: list[RecordView]
    command: str
    proof: ProofView | None = None
    parts: tuple[str, ...] = PARTS


def view(detail: CallDetail) -> CallView:
    """Make the view of a call."""
    row = detail.row
    opening = detail.opening.body
    assert isinstance(opening, CallStarted | CallRefused)
    closing = detail.outcome.body if detail.outcome else opening
    timing = closing.timing if isinstance(closing, CallFinished | CallRefused) else None
    later = closing.decision if isinstance(closing, CallFinished) else None
    return CallView(
        id=row.call_id,
        title=row.tool or row.method or "Unreadable request",
        status=status_of(row),
        sentence=sentence(row),
        stamp=f"{times.stamp(row.time)}.{row.time % times.SECOND_US // 1000:03d}",
        total_us=timing.total_us if timing else None,
        facts=_facts(row),
        said=texts_of(detail.part("response")[0] or b""),
        arguments=_payload("Arguments", *detail.part("arguments"), "The request had no arguments."),
        response=_payload("Response", *detail.part("response"), _no_response(row)),
        decision=_decision(later or opening.decision),
        timing=_timing(timing) if timing else None,
        messages=[_message(record) for record in detail.messages],
        records=[_record(record) for record in detail.records],
        command=f"gatebook verify --call {row.call_id}",
    )


def _facts(row: CallRow) -> list[Fact]:
    def fact(term: str, value: Any, field: str = "", *, filter_value: str = "", mono: bool = False) -> Fact:
        text = str(value or "")
        href = address.explorer(filters.only(field, filter_value or text), _ALL) if field and text else ""
        return Fact(term=term, value=text, mono=mono, href=href, technical=mono)

    person = f"{row.name} ({row.email})" if row.name and row.email and row.name != row.email else row.name or row.email or row.person
    client = f"{row.client} {row.client_version}".strip()
    errors = f"{row.error_class.replace('_', ' ')}{f', JSON-RPC {row.rpc_code}' if row.rpc_code else ''}" if row.error_class else ""
    rounds = f"round {row.round_number}" if row.round_first else ""
    return [
        fact("Person", person, "person", filter_value=row.person or row.email),
        fact("Groups", ", ".join(row.groups)),
        fact("Client", client, "client", filter_value=row.client),
        fact("Connector", row.connector, "connector"),
        fact("Tool", row.tool, "tool"),
        fact("Status", row.status.replace("_", " "), "status", filter_value=row.status),
        fact("Transport", f"{row.transport}{f', HTTP {row.http_status}' if row.http_status else ''}" if row.transport else ""),
        fact("Error", errors, "error_class", filter_value=row.error_class),
        fact("Detail", row.detail),
        fact("Rounds of this call", rounds, "first_round", filter_value=row.round_first),
        fact("Extra answers dropped", row.extra_answers),
        fact("Method", row.method, "method", mono=True),
        fact("Credential", row.credential, "credential", mono=True),
        fact("Access token", row.token, "token", mono=True),
        fact("Session", row.session, "session", mono=True),
        fact("Source address", row.ip, "ip", mono=True),
        fact("Endpoint", row.endpoint, "endpoint", mono=True),
        fact("Protocol", row.protocol, "protocol", mono=True),
        fact("Trace", row.trace, "trace", mono=True),
        fact("Tool definition", row.tool_hash, "tool_hash", mono=True),
    ]


def _no_response(row: CallRow) -> str:
    if row.response_dropped:
        return f"The response was not kept: {row.response_dropped.replace('_', ' ')}."
    return {
        "blocked": "None: the call was blocked before it reached the connector.",
        "open": "None yet.",
        "unknown": "None was recorded.",
    }.get(row.status, "There was no response to keep.")


def _payload(label: str, data: bytes | None, lost: str | None, none: str) -> PayloadView:
    if data is None:
        return PayloadView(label=label, text=None, html=Markup(""), cut=False, size="", missing=lost or none)
    html, cut = pretty(data)
    return PayloadView(label=label, text=data, html=html, cut=cut, size=size(len(data)), missing="")


def size(count: int) -> str:
    """A number of bytes in a unit that fits."""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _decision(decision: Decision | None) -> DecisionView | None:
    if decision is None:
        return None
    return DecisionView(
        look=EFFECTS[decision.effect],
        rule=decision.rule,
        href=address.explorer(filters.only("rule", decision.rule), _ALL),
        reason=decision.reason or "",
        bundle=decision.bundle,
        matched=decision.matched,
    )


def _timing(timing: Timing) -> TimingView:
    total = timing.total_us or 1
    spent = [(name, word, getattr(timing, f"{name}_us")) for name, word in _TIMING]
    parts = [TimingPart(name=name, word=word, us=us, share=f"{us / total:.0%}") for name, word, us in spent if us]
    return TimingView(svg=charts.split([(part.name, part.word, part.us) for part in parts]), parts=parts)


def _message(record: StoredRecord) -> MessageView:
    body = record.body
    assert isinstance(body, MessageRelayed)
    return MessageView(
        clock=times.clock(record.header.time),
        arrow="to the client" if body.direction == "to_client" else "to the connector",
        name=body.method or body.kind,
        relayed=body.relayed,
        payload=_payload("Message", record.parts.get("message"), record.lost, "No payload."),
    )


def _record(record: StoredRecord) -> RecordView:
    head = record.header
    return RecordView(type=head.type, stream=head.stream, seq=head.seq, leaf_hash=record.leaf, prev=head.prev, html=pretty(record.core)[0])
