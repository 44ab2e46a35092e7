"""Records to rows."""

import msgspec
import pytest

from gatebook.index import build
from gatebook.index.build import Opened
from gatebook.log.position import Position
from gatebook.record.base import Header
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.parts import ApiRequest, Client, Credential, Decision, Finding, Outcome, Part, Payload, Round, Timing
from tests.index.conftest import request

HEADER = Header(v=1, id="01a20000-0000-7000-8000-000000000001", stream="n-w0", seq=9, prev="0" * 64, time=1_793_000_000_000_000, type="x")
PERSON = b'{"id":"ann","email":"ann@corp.example","name":"Ann","groups":["eng"],"later":1}'


def payload(**sizes: int) -> Payload:
    return Payload(key="k/202611", parts=tuple(Part(part=name, size=size, commit="", digest="") for name, size in sizes.items()))  # type: ignore[arg-type]


def started(**more: object) -> CallStarted:
    return CallStarted(**{**request("s" * 24), **more})


def test_every_field_of_a_started_call_reaches_its_column() -> None:
    """Who, with what, from where, to what, and what was decided."""
    body = started(
        payload=payload(identity=5, arguments=44), credential=Credential(id="crm/key", kind="header", owner="connector"), tool_hash="h",
        round=Round(first="f", number=2), protocol="2025-11-25", client=Client(name="Claude", version="2", user_agent="ua"),
    )  # fmt: skip
    row = build.started(HEADER, body, Position(1, 40), Opened({"identity": PERSON, "arguments": b'{"arguments":{"q":"X\\ny"}}'}, "kept"))
    assert (row.call_id, row.time, row.status, row.outcome_seq) == (HEADER.id, HEADER.time, "open", 0)
    assert (row.person, row.email, row.name, row.groups, row.subject) == ("ann", "ann@corp.example", "Ann", ("eng",), "s" * 24)
    assert (row.client, row.client_version, row.user_agent, row.ip, row.session, row.token) == (
        "Claude",
        "2",
        "ua",
        "127.0.0.1",
        "s1",
        "tok_1",
    )
    assert (row.connector, row.tool, row.tool_hash, row.method, row.protocol) == ("crm", "find_customer", "h", "tools/call", "2025-11-25")
    assert (row.effect, row.rules, row.credential, row.round_first, row.round_number) == (
        "allowed",
        ("everyone", "other"),
        "crm/key",
        "f",
        2,
    )
    assert (row.bytes_in, row.started_seq, row.started_segment, row.started_offset) == (44, 9, 1, 40)
    assert row.arguments == '{"q":"x\ny"}'


def test_the_outcome_fills_the_rest() -> None:
    """All three levels, the timing, and the decision about the response where there is one."""
    row = build.started(HEADER, started(), Position(1, 40), Opened())
    timing = Timing(total_us=9, gateway_us=1, policy_us=2, dlp_us=3, log_us=1, upstream_us=2)
    outcome = Outcome(status="tool_error", transport="ok", http_status=200, rpc_code=-1, is_error=True, error_class="not_found", detail="d")
    body = CallFinished(
        call=HEADER.id, started_seq=9, outcome=outcome, timing=timing, messages=2, payload=payload(response=70),
        decision=Decision(effect="redacted", rule="dlp", bundle="x", reason="why"),
    )  # fmt: skip
    later = msgspec.structs.replace(HEADER, seq=12, time=HEADER.time + 5)
    row = build.finished(row, later, body, Position(1, 90), Opened({"response": b'"Done"'}, "kept"))
    assert (row.status, row.transport, row.http_status, row.rpc_code, row.is_error) == ("tool_error", "ok", 200, -1, True)
    assert (row.error_class, row.detail, row.messages, row.bytes_out, row.response) == ("not_found", "d", 2, 70, '"done"')
    assert (row.duration_us, row.gateway_us, row.policy_us, row.dlp_us, row.log_us, row.upstream_us) == (9, 1, 2, 3, 1, 2)
    assert (row.effect, row.rules, row.reason) == ("redacted", ("dlp",), "why")
    assert (row.time, row.finished, row.outcome_seq, row.outcome_segment, row.outcome_offset) == (HEADER.time, HEADER.time + 5, 12, 1, 90)


def test_arguments_are_kept_by_path() -> None:
    """Of a tool call what the tool is given, without the envelope."""
    data = b'{"name":"find","arguments":{"limit":100,"filter":{"Owner":"Ann"},"ids":[7,8]}}'
    row = build.started(HEADER, started(), Position(1, 40), Opened({"arguments": data}, "kept"))
    assert row.args == ("limit\x1f100", "filter.owner\x1fann", "ids\x1f7", "ids\x1f8")


def test_findings_of_both_payloads_are_joined_each_once() -> None:
    """What was found in the response comes to what was found in the arguments."""
    mail = Finding(detector="contact/email", type="email", severity="low", part="arguments", action="logged", fingerprint="f1")
    card = Finding(detector="financial/card", type="card", severity="high", part="response", action="redacted", fingerprint="f2")
    row = build.started(HEADER, msgspec.structs.replace(started(), findings=(mail, mail)), Position(1, 40), Opened())
    assert (row.findings, row.fingerprints) == (("email",), ("f1",))
    requests = (
        ApiRequest(method="GET", host="api.example", path="/a", status=200),
        ApiRequest(method="GET", host="api.example", path="/b"),
    )
    body = CallFinished(
        call=HEADER.id, started_seq=9, outcome=Outcome(status="ok", transport="ok"), timing=Timing(total_us=1),
        findings=(card, mail), api_requests=requests,
    )  # fmt: skip
    row = build.finished(row, HEADER, body, Position(1, 90), Opened({"response": b'{"result":{"structuredContent":{"a":[1,2]}}}'}, "kept"))
    assert (row.findings, row.detectors, row.severities) == (("email", "card"), ("contact/email", "financial/card"), ("low", "high"))
    assert (row.fingerprints, row.returned) == (("f1", "f2"), 2)
    assert (row.api_hosts, row.api_methods, row.api_statuses) == (("api.example",), ("GET",), (200,))


def test_an_unknown_outcome_says_why() -> None:
    """The process ended; the status is not guessed."""
    row = build.started(HEADER, started(), Position(1, 40), Opened())
    row = build.finished(row, HEADER, CallOutcomeUnknown(call=HEADER.id, started_seq=9, reason="it ended"), Position(1, 90), Opened())
    assert (row.status, row.detail, row.effect) == ("unknown", "it ended", "allowed")


def test_a_refused_call_is_whole_in_one_record() -> None:
    """It has its outcome and the answer that was given."""
    body = CallRefused(
        **request("s" * 24),
        outcome=Outcome(status="blocked", transport="not_sent"),
        timing=Timing(total_us=3),
        payload=payload(arguments=1, response=9),
    )
    row = build.started(HEADER, body, Position(1, 40), Opened({"response": b'{"error":"Forbidden"}'}, "kept"))
    assert (row.status, row.started_seq, row.outcome_seq, row.outcome_offset, row.bytes_out) == ("blocked", 9, 9, 40, 9)
    assert "forbidden" in row.response


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [("kept", "none", "kept"), ("kept", "dropped", "dropped"), ("erased", "kept", "erased"), ("none", "none", "none")],
)
def test_the_worse_state_of_both_payloads_counts(first: str, second: str, both: str) -> None:
    """A call whose response is gone is not shown as kept."""
    row = build.started(HEADER, started(), Position(1, 40), Opened({}, first))
    body = CallFinished(call=HEADER.id, started_seq=9, outcome=Outcome(status="ok", transport="ok"), timing=Timing(total_us=1))
    assert build.finished(row, HEADER, body, Position(1, 90), Opened({}, second)).payload == both


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"arguments":', b"\xff", b'{"name":"x"}'])
def test_arguments_of_any_form_are_searched(data: bytes) -> None:
    """A body that is no tool call is searched as it came."""
    assert build.arguments("tools/call", {"arguments": data}) == data


@pytest.mark.parametrize("data", [b"", b"{", b'{"id":5}', b"[]", b'"x"'])
def test_an_identity_that_does_not_follow_the_form_is_empty(data: bytes) -> None:
    """The row is there all the same."""
    assert build.identity({"identity": data}).id == ""


def test_an_outcome_without_its_beginning_still_makes_a_row() -> None:
    """Where the beginning was dropped from the log, the rest is not lost."""
    row = build.orphan(HEADER, CallOutcomeUnknown(call="01a20000-0000-7000-8000-000000000002", started_seq=3, reason="r"))
    assert (row.call_id, row.started_seq, row.stream) == ("01a20000-0000-7000-8000-000000000002", 3, "n-w0")
