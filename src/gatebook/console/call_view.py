"""What the template of one call shows."""

from typing import Literal

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import bars
from gatebook.charts.bars import Step
from gatebook.charts.columns import Piece
from gatebook.console import address, call_facts, times
from gatebook.console.answers import texts_of
from gatebook.console.call_facts import Fact, Link
from gatebook.console.context_view import ContextView
from gatebook.console.jsontree import SHOWN_CHARACTERS_MAX, pretty
from gatebook.console.looks import EFFECTS, Look, status_of
from gatebook.console.marks import NONE, Marks, kind_words, marks
from gatebook.console.numbers import size
from gatebook.console.people_view import address_of
from gatebook.console.times import Range
from gatebook.index.rows import CallRow
from gatebook.query.writing import term
from gatebook.reading.detail import CallDetail, StoredRecord
from gatebook.reading.masking import hidden_of
from gatebook.reading.sentence import sentence
from gatebook.record.body import CallFinished, CallRefused, CallStarted, MessageRelayed
from gatebook.record.parts import ApiRequest, Decision, Finding, Timing

PARTS: tuple[tuple[str, str], ...] = (
    ("overview", "Overview"),
    ("arguments", "Arguments"),
    ("response", "Response"),
    ("requests", "API requests"),
    ("decision", "Decision"),
    ("context", "Context"),
    ("timing", "Timing"),
    ("messages", "Messages"),
    ("proof", "Proof"),
    ("raw", "Raw"),
)
HIDES = "Hidden from your role. Who has a role that shows it is on the page Roles."
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


class FindingView(Struct, frozen=True, kw_only=True):
    """Sensitive data that was found in a payload; `elsewhere` finds the same value in other calls."""

    kind: str
    severity: str
    count: int
    pointer: str
    action: str
    detector: str
    href: str
    elsewhere: str


class DecisionView(Struct, frozen=True, kw_only=True):
    """What governance decided, about the request or the response."""

    about: str
    look: Look
    rule: str
    href: str
    reason: str
    bundle: str
    bundle_href: str
    matched: tuple[str, ...]
    waits: bool = False


class RequestLine(Struct, frozen=True, kw_only=True):
    """One request to an API under the call."""

    method: str
    host: str
    path: str
    status: str
    failed: bool
    sizes: str
    duration_us: int
    started_us: int


class RequestsView(Struct, frozen=True, kw_only=True):
    """The requests to APIs under the call, and their waterfall."""

    svg: Markup
    lines: list[RequestLine]


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
    similar: list[Link]
    investigate: list[Link]
    said: list[Markup]
    arguments: PayloadView
    response: PayloadView
    found: dict[str, list[FindingView]]
    decisions: list[DecisionView]
    requests: RequestsView | None
    timing: TimingView | None
    messages: list[MessageView]
    records: list[RecordView]
    why: str
    hidden: tuple[str, ...]
    commands: list[tuple[str, str]]
    command: str
    proof: ProofView | None = None
    context: ContextView | None = None
    parts: tuple[tuple[str, str], ...] = PARTS
    hides: str = HIDES


def view(detail: CallDetail) -> CallView:
    """Make the view of a call."""
    row, hidden = detail.row, hidden_of(detail.row)
    opening = detail.opening.body
    assert isinstance(opening, CallStarted | CallRefused)
    closing = detail.outcome.body if detail.outcome else opening
    timing = closing.timing if isinstance(closing, CallFinished | CallRefused) else None
    finished = closing if isinstance(closing, CallFinished) else None
    findings = (*opening.findings, *(finished.findings if finished else ()))
    later = finished.decision if finished else None
    decided = later or opening.decision
    rule = decided.rule if decided is not None and row.effect in ("redacted", "blocked") else ""
    in_response = marks(findings, "response", rule)
    return CallView(
        id=row.call_id,
        title=row.tool or row.method or ("Call" if "metadata" in hidden else "Unreadable request"),
        status=status_of(row),
        sentence=sentence(row),
        stamp=f"{times.stamp(row.time)}.{row.time % times.SECOND_US // 1000:03d}",
        total_us=timing.total_us if timing else None,
        facts=call_facts.facts(row),
        similar=call_facts.similar(row),
        investigate=call_facts.investigate(row),
        said=[in_response.placeholders(text) for text in texts_of(detail.part("response")[0] or b"")],
        arguments=_payload(
            "Arguments",
            detail.part("arguments"),
            HIDES if "arguments" in hidden else "The request had no arguments.",
            marks(findings, "arguments", rule),
        ),
        response=_payload("Response", detail.part("response"), HIDES if "responses" in hidden else _no_response(row), in_response),
        found={part: [_finding(item) for item in findings if item.part == part] for part in ("arguments", "response")},
        decisions=[
            _decision(about, item) for about, item in (("On the request", opening.decision), ("On the response", later)) if item is not None
        ],
        requests=_requests(finished.api_requests, finished.timing.total_us) if finished and finished.api_requests else None,
        timing=_timing(timing) if timing else None,
        messages=[_message(record) for record in detail.messages],
        records=[_record(record) for record in detail.records],
        why=_why(row),
        hidden=hidden,
        commands=_commands(row),
        command=f"gatebook verify --call {row.call_id}",
    )


def _why(row: CallRow) -> str:
    """The page that decides this call anew; empty where there is no person of the directory to ask about."""
    asked = row.method == "tools/call" and row.connector and row.tool and row.person and row.auth != "profile"
    return address_of(row.person, "/why", call=row.call_id) if asked else ""


def _commands(row: CallRow) -> list[tuple[str, str]]:
    around = term("session", row.session) if row.session else term("subject", row.subject)
    quoted = around.replace("'", "'\\''")
    return [("Show this call", f"gatebook show {row.call_id}"), ("Search its session" if row.session else "Search its person", f"gatebook search '{quoted}'")]  # fmt: skip


def _no_response(row: CallRow) -> str:
    if row.response_dropped:
        return f"The response was not kept: {row.response_dropped.replace('_', ' ')}."
    return {
        "blocked": "None: the call was blocked before it reached the connector.",
        "open": "None yet.",
        "unknown": "None was recorded.",
    }.get(row.status, "There was no response to keep.")


def _payload(label: str, part: tuple[bytes | None, str | None], none: str, marked: Marks = NONE) -> PayloadView:
    data, lost = part
    if data is None:
        return PayloadView(label=label, text=None, html=Markup(""), cut=False, size="", missing=lost or none)
    html, cut = pretty(data, marked)
    return PayloadView(label=label, text=data, html=html, cut=cut, size=size(len(data)), missing="")


def _finding(found: Finding) -> FindingView:
    return FindingView(
        kind=kind_words(found.type),
        severity=found.severity,
        count=found.count,
        pointer=found.pointer,
        action=found.action,
        detector=found.detector,
        href=address.explorer(term("finding", found.type), _ALL),
        elsewhere=address.explorer(term("fingerprint", found.fingerprint), _ALL) if found.fingerprint else "",
    )


def _decision(about: str, decision: Decision) -> DecisionView:
    return DecisionView(
        about=about,
        look=EFFECTS[decision.effect],
        rule=decision.rule,
        href=address.explorer(term("rule", decision.rule), _ALL),
        reason=decision.reason or "",
        bundle=decision.bundle,
        bundle_href=address.explorer(term("bundle", decision.bundle), _ALL) if decision.bundle else "",
        matched=decision.matched,
        waits=decision.effect == "pending",
    )


def _requests(requests: tuple[ApiRequest, ...], total_us: int) -> RequestsView:
    lines = [
        RequestLine(
            method=item.method,
            host=item.host,
            path=item.path,
            status=str(item.status or "no answer"),
            failed=item.status is None or item.status >= 400,
            sizes=f"{size(item.bytes_in)} out, {size(item.bytes_out)} back",
            duration_us=item.duration_us,
            started_us=item.started_us,
        )
        for item in requests
    ]
    steps = [
        Step(
            label=f"{line.method} {line.host}{line.path}: {line.status}, {times.duration(line.duration_us)}",
            started_us=line.started_us,
            duration_us=line.duration_us,
            name="failed" if line.failed else "upstream",
        )
        for line in lines
    ]
    return RequestsView(svg=bars.waterfall(steps, total_us, "When each request ran within the call"), lines=lines)


def _timing(timing: Timing) -> TimingView:
    total = timing.total_us or 1
    spent = [(name, word, getattr(timing, f"{name}_us")) for name, word in _TIMING]
    parts = [TimingPart(name=name, word=word, us=us, share=f"{us / total:.0%}") for name, word, us in spent if us]
    pieces = [Piece(name=part.name, count=part.us, label=f"{part.word} {part.share}") for part in parts]
    words = ", ".join(piece.label for piece in pieces)
    return TimingView(svg=bars.share(pieces, f"Where the time went: {words}", prefix="t"), parts=parts)


def _message(record: StoredRecord) -> MessageView:
    body = record.body
    assert isinstance(body, MessageRelayed)
    return MessageView(
        clock=times.clock(record.header.time),
        arrow="to the client" if body.direction == "to_client" else "to the connector",
        name=body.method or body.kind,
        relayed=body.relayed,
        payload=_payload("Message", (record.parts.get("message"), record.lost), "No payload."),
    )


def _record(record: StoredRecord) -> RecordView:
    head = record.header
    return RecordView(type=head.type, stream=head.stream, seq=head.seq, leaf_hash=record.leaf, prev=head.prev, html=pretty(record.core)[0])
