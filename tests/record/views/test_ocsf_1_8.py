"""Calls as events of OCSF 1.8.0, held against the schema that the standard itself publishes."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from gatebook.record import base, parts
from gatebook.record import body as bodies
from gatebook.record.base import Header
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.parts import (
    Actor,
    ApiRequest,
    Client,
    Credential,
    Decision,
    ErrorClass,
    Finding,
    Outcome,
    Round,
    Source,
    Status,
    Timing,
    Trace,
)
from gatebook.record.views.call import Call, Ending, Identity, Opening, Origin
from gatebook.record.views.ocsf_1_8 import MAPPING, PROFILES, VERSION, Activity, api_activity
from tests.record.cast import TEXT, body_of

ORIGIN = Origin(deployment="northwind", version="0.3.0")
SCHEMA: dict[str, Any] = OcsfJsonSchemaEmbedded(get_ocsf_schema(VERSION)).get_class_schema("api_activity", list(PROFILES))
VALIDATOR = Draft202012Validator(SCHEMA)
HOSTILE = ("", "\x00", "\u202e", "=1+1", "a\nb\tc\\N", "'\";--", "\U0001f4a9" * 50, "x" * 5000, "<script>", "1e999")


def errors(event: dict[str, Any]) -> list[str]:
    """What the schema has against an event, as it would be sent."""
    return [f"{list(error.instance_path)}: {error.message}" for error in VALIDATOR.iter_errors(json.loads(msgspec.json.encode(event)))]


def header(seq: int, kind: str) -> Header:
    """A header with times a second apart."""
    id = f"01a2062b-7d56-71db-8e44-{seq:012x}"
    return Header(v=1, id=id, stream="node1-w0", seq=seq, prev="a" * 64, time=1_795_399_843_158_111 + seq * 1_000_000, type=kind)


def request(**more: Any) -> dict[str, Any]:
    """The fields of a request."""
    return {
        "method": "tools/call",
        "endpoint": "/mcp",
        "actor": Actor(subject="f" * 24, kind="person", auth="token", token="tok_1"),
        "client": Client(name="Claude", version="1.2", user_agent="claude/1.2"),
        "source": Source(ip="192.0.2.7", port=5123),
        "trace": Trace(id="a" * 32, parent="b" * 16),
        "decision": Decision(effect="allowed", rule="everyone", bundle="c" * 16, matched=("everyone", "other")),
        "connector": "crm",
        "tool": "find_customer",
        "request_id": "7",
        "session": "s1",
        "credential": Credential(id="crm/header:x-api-key", kind="header", owner="connector"),
        **more,
    }


def finished(outcome: Outcome, **more: Any) -> Call:
    """A call that was answered."""
    started = CallStarted(**request(server="crm.example:8443", round=Round(first="x", number=2)))
    ended = CallFinished(call="x", started_seq=1, outcome=outcome, timing=Timing(total_us=2_500_999, upstream_us=2_000_000), **more)
    return Call(
        opening=Opening(header=header(1, "call.started"), body=started, leaf="d" * 64),
        ending=Ending(header=header(2, "call.finished"), body=ended, leaf="e" * 64),
        identity=Identity(person="ann", email="ann@corp.example", name="Ann", groups=("eng", "everyone")),
        sentence="Ann asked crm to run find_customer.",
        arguments=b'{"name":"find_customer","arguments":{"n":9223372036854775808}}',
        response=b"\xff not JSON",
    )


def refused(**more: Any) -> Call:
    """A call that the gateway answered itself."""
    outcome = Outcome(status="blocked", transport="not_sent", error_class="policy", detail="not allowed")
    decision = Decision(effect="blocked", rule="no-deletes", bundle="c" * 16, reason="not allowed")
    started = CallRefused(**request(decision=decision, **more), outcome=outcome, timing=Timing(total_us=90))
    return Call(opening=Opening(header=header(1, "call.refused"), body=started, leaf="d" * 64))


def ok() -> Call:
    """A plain call."""
    return finished(Outcome(status="ok", transport="ok", http_status=200))


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("error_class", [None, *get_args(ErrorClass)])
def test_every_outcome_is_valid(status: Status, error_class: ErrorClass | None) -> None:
    """Each status with each class of error."""
    call = finished(Outcome(status=status, transport="ok", http_status=502, rpc_code=-32603, is_error=True, error_class=error_class))
    assert errors(api_activity(call, ORIGIN)) == []


def test_a_plain_call_says_who_what_and_how_it_ended() -> None:
    """The fields that every detection asks for; units are milliseconds, microseconds are kept in the text of the time."""
    event = api_activity(ok(), ORIGIN)
    assert errors(event) == []
    assert (event["class_uid"], event["type_uid"], event["activity_name"]) == (6003, 600399, "Other")
    assert (event["time"], event["duration"], event["end_time"] - event["start_time"]) == (1_795_399_844_158, 2500, 2500)
    assert event["metadata"]["original_time"] == "2026-11-23T02:10:44.158111Z" and event["metadata"]["sequence"] == 1
    assert event["actor"]["user"] == {
        "uid": "ann",
        "uid_alt": "f" * 24,
        "name": "Ann",
        "email_addr": "ann@corp.example",
        "groups": [{"name": "eng"}, {"name": "everyone"}],
        "type_id": 1,
        "type": "User",
        "programmatic_credentials": [{"uid": "tok_1", "type": "Access token"}],
    }
    assert event["actor"]["session"] == {"uid": "s1", "credential_uid": "crm/header:x-api-key"}
    assert event["resources"] == [{"name": "find_customer", "uid": "crm/find_customer", "type": "mcp.tool"}]
    assert event["dst_endpoint"] == {"svc_name": "crm", "hostname": "crm.example", "port": 8443}
    assert (event["action_id"], event["disposition_id"], event["is_alert"], event["severity_id"]) == (1, 1, False, 1)
    assert [record["leaf_hash"] for record in event["unmapped"]["records"]] == ["d" * 64, "e" * 64]


def test_payloads_are_text() -> None:
    """What was sent, as it was sent; bytes that are no text are replaced."""
    event = api_activity(ok(), ORIGIN)
    assert event["api"]["request"]["data"] == '{"name":"find_customer","arguments":{"n":9223372036854775808}}'
    assert event["api"]["response"]["data"] == "\ufffd not JSON"


def test_what_was_lost_is_said() -> None:
    """A payload that was dropped or erased is absent, and the event says why."""
    call = msgspec.structs.replace(ok(), arguments=None, lost={"arguments": "dropped"})
    event = api_activity(call, ORIGIN)
    assert "data" not in event["api"]["request"] and event["unmapped"]["lost"] == {"arguments": "dropped"}
    assert errors(event) == []


@pytest.mark.parametrize(
    ("effect", "action", "disposition", "alert"),
    [("allowed", 1, 1, False), ("blocked", 2, 2, True), ("redacted", 4, 11, True), ("pending", 99, 14, False)],
)
def test_decisions(effect: Any, action: int, disposition: int, alert: bool) -> None:
    """Governance in the words of the profile security_control; that of the response counts when it differs."""
    decision = Decision(effect=effect, rule="r1", bundle="c" * 16)
    event = api_activity(finished(Outcome(status="ok", transport="ok"), decision=decision), ORIGIN)
    assert (event["action_id"], event["disposition_id"], event["is_alert"]) == (action, disposition, alert)
    assert event["policy"]["uid"] == "r1" and errors(event) == []


def test_a_refused_call_is_one_record() -> None:
    """It has no outcome of another record, and is a failure."""
    event = api_activity(refused(), ORIGIN)
    assert errors(event) == []
    assert (event["status_id"], event["status_code"], event["status_detail"]) == (2, "policy", "not allowed")
    assert len(event["unmapped"]["records"]) == 1


def test_findings_are_enrichments_without_the_value() -> None:
    """Each finding; the worst of them is the severity."""
    found = Finding(detector="financial/iban", type="iban", severity="high", part="response", action="redacted", fingerprint="fp")
    event = api_activity(finished(Outcome(status="ok", transport="ok"), findings=(found,)), ORIGIN)
    (enrichment,) = event["enrichments"]
    assert (enrichment["name"], enrichment["value"], enrichment["provider"]) == ("dlp", "iban", "financial/iban")
    assert json.loads(enrichment["data"])["fingerprint"] == "fp"
    assert event["severity_id"] == 4 and errors(event) == []


def test_requests_to_apis_stand_under_unmapped() -> None:
    """There is no place for a list of them in this version."""
    asked = ApiRequest(method="GET", host="api.example", path="/v1", status=200)
    event = api_activity(finished(Outcome(status="ok", transport="ok"), api_requests=(asked,)), ORIGIN)
    assert event["unmapped"]["api_requests"][0]["host"] == "api.example" and errors(event) == []


def test_an_open_call_and_one_without_a_known_outcome() -> None:
    """Neither a success nor a failure."""
    call = ok()
    unknown = CallOutcomeUnknown(call="x", started_seq=1, reason="the process ended")
    ending = Ending(header=header(2, "call.outcome_unknown"), body=unknown, leaf="e" * 64)
    for changed in (msgspec.structs.replace(call, ending=None), msgspec.structs.replace(call, ending=ending)):
        event = api_activity(changed, ORIGIN)
        assert event["status_id"] == 0 and "duration" not in event and errors(event) == []


@pytest.mark.parametrize(("reviewed", "activity"), [("create", 1), ("read", 2), ("update", 3), ("delete", 4), (None, 99)])
def test_the_activity_is_known_only_when_somebody_reviewed_it(reviewed: Activity | None, activity: int) -> None:
    """A hint of the server's own is not believed."""
    event = api_activity(ok(), ORIGIN, reviewed)
    assert (event["activity_id"], event["type_uid"]) == (activity, 600300 + activity) and errors(event) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_valid(text: str) -> None:
    """Whatever stands in a field that others fill."""
    changes = dict.fromkeys(
        ("method", "endpoint", "connector", "tool", "request_id", "session", "http_method", "protocol", "tool_hash"), text
    )
    more = {
        "client": Client(name=text, version=text, user_agent=text),
        "source": Source(ip=text, port=-1),
        "trace": Trace(id=text, parent=text, made=True),
    }
    started = CallStarted(**{**request(), **changes, **more}, server=text)
    call = msgspec.structs.replace(
        ok(),
        opening=Opening(header=header(1, "call.started"), body=started, leaf=""),
        identity=Identity(person=text, email=text, name=text, groups=(text,)),
        arguments=text.encode(),
        sentence=text,
    )
    assert errors(api_activity(call, ORIGIN)) == []


@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "::", "localhost", "1.2.3"])
def test_addresses(ip: str) -> None:
    """One that is not an address is a name."""
    event = api_activity(refused(source=Source(ip=ip, port=1)), ORIGIN)
    assert errors(event) == [] and event["src_endpoint"].keys() & {"ip", "name"}


@given(
    opening=st.one_of(body_of(CallStarted), body_of(CallRefused)),
    ending=st.one_of(st.none(), body_of(CallFinished), body_of(CallOutcomeUnknown)),
    who=st.builds(Identity, person=TEXT, email=st.one_of(TEXT, st.emails()), name=TEXT, groups=st.lists(TEXT, max_size=3).map(tuple)),
    payloads=st.tuples(st.one_of(st.none(), st.binary(max_size=30)), st.one_of(st.none(), st.binary(max_size=30))),
    time_us=st.integers(min_value=0, max_value=2**62),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_every_call_that_can_be_recorded_is_valid(
    opening: Any, ending: Any, who: Identity, payloads: tuple[bytes | None, bytes | None], time_us: int
) -> None:
    """Whatever the records hold."""
    first = msgspec.structs.replace(header(1, "call"), time=time_us)
    call = Call(
        opening=Opening(header=first, body=opening, leaf="d" * 64),
        ending=Ending(header=header(2, "call"), body=ending, leaf="e" * 64) if ending and isinstance(opening, CallStarted) else None,
        identity=who,
        arguments=payloads[0],
        response=payloads[1],
    )
    assert errors(api_activity(call, ORIGIN)) == []


@pytest.mark.parametrize("fault", ["unit", "class", "extra", "missing", "type"])
def test_the_validator_finds_a_fault(fault: str) -> None:
    """Five faults, each found: a time as text, another class, a field of our own, one that is required, a number out of the list."""
    event = api_activity(ok(), ORIGIN)
    match fault:
        case "unit":
            event["time"] = "2026-11-23T02:10:44Z"
        case "class":
            event["class_uid"] = 6002
        case "extra":
            event["tool"] = "find_customer"
        case "missing":
            del event["metadata"]["product"]
        case "type":
            event["disposition_id"] = 77
    assert errors(event)


@pytest.mark.parametrize(("native", "target"), MAPPING)
def test_the_table_names_fields_that_exist(native: str, target: str) -> None:
    """On the left those of the record, on the right those of the class or free ones under unmapped."""
    struct, _, field = native.partition(".")
    kind = next(getattr(module, struct) for module in (base, bodies, parts) if hasattr(module, struct))
    assert field in kind.__struct_fields__
    for place in target.partition(" (")[0].split(", "):
        names = place.split(".")
        schema = SCHEMA
        for name in names[: 1 if names[0] == "unmapped" else None]:
            schema = schema["properties"][name]
            schema = schema.get("items", schema)
            if "$ref" in schema:
                schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]


def test_the_table_names_every_field_of_a_call() -> None:
    """Nothing of a record is left out silently."""
    named = {native for native, _ in MAPPING}
    left_out = {"started_seq", "call", "outcome", "timing"}
    for struct in (CallStarted, CallFinished, Outcome):
        assert {field for field in struct.__struct_fields__ if f"{struct.__name__}.{field}" not in named} <= left_out
