"""A call as an event of OCSF 1.8.0: class API Activity (6003) with the profiles security_control and trace. Pure.

Times and durations are in milliseconds, as OCSF has them; payloads are text, because a field of type json_t has to be text in columnar
stores. What OCSF 1.8 has no place for stands under `unmapped`. `MAPPING` is the table of docs/exports.md.
"""

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from gatebook.record.body import CallFinished, CallStarted
from gatebook.record.parts import Decision, Finding
from gatebook.record.views.call import Call, Ending, Opening, Origin

VERSION: Final = "1.8.0"
PROFILES: Final = ("security_control", "trace")
Activity = Literal["create", "read", "update", "delete"]

_ACTIVITIES: Final[dict[str, tuple[int, str]]] = {
    "create": (1, "Create"),
    "read": (2, "Read"),
    "update": (3, "Update"),
    "delete": (4, "Delete"),
}
_OTHER: Final = (99, "Other")
_CONTROL: Final[dict[str, tuple[tuple[int, str], tuple[int, str]]]] = {
    "allowed": ((1, "Allowed"), (1, "Allowed")),
    "blocked": ((2, "Denied"), (2, "Blocked")),
    "redacted": ((4, "Modified"), (11, "Corrected")),
    "pending": ((99, "Pending"), (14, "Delayed")),
}
_UNKNOWN: Final = ((0, "Unknown"), (0, "Unknown"))
_STATUSES: Final[dict[str, tuple[int, str]]] = {
    "ok": (1, "Success"),
    "open": (0, "Unknown"),
    "unknown": (0, "Unknown"),
    "pending": (99, "Pending"),
    "cancelled": (99, "Cancelled"),
}
_FAILURE: Final = (2, "Failure")
_SEVERITIES: Final = ("Unknown", "Informational", "Low", "Medium", "High", "Critical")
_FINDING_SEVERITY: Final = {"low": 2, "medium": 3, "high": 4, "critical": 5}
_USER_TYPES: Final = {"person": (1, "User"), "service": (4, "Service"), "system": (3, "System"), "anonymous": (0, "Unknown")}
_RESOURCES: Final = {"tools/call": "mcp.tool", "prompts/get": "mcp.prompt"}
_METHODS: Final = frozenset({"OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH"})
_EMAIL: Final = re.compile(r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US_MAX: Final = 253_402_300_799_000_000

MAPPING: Final[tuple[tuple[str, str], ...]] = (
    ("Header.id", "metadata.uid"),
    ("Header.time", "time, start_time, metadata.original_time (with microseconds)"),
    ("Header.stream", "metadata.log_name"),
    ("Header.seq", "metadata.sequence"),
    ("Header.prev", "unmapped.records"),
    ("CallStarted.method", "api.operation"),
    ("CallStarted.actor", "actor.user.type_id, actor.user.uid_alt, actor.user.programmatic_credentials"),
    ("CallStarted.client", "actor.app_name, http_request.user_agent, unmapped.client_version"),
    ("CallStarted.source", "src_endpoint.ip, src_endpoint.port"),
    ("CallStarted.session", "actor.session.uid"),
    ("CallStarted.credential", "actor.session.credential_uid, unmapped.credential"),
    ("CallStarted.endpoint", "http_request.url.path"),
    ("CallStarted.http_method", "http_request.http_method"),
    ("CallStarted.protocol", "unmapped.protocol"),
    ("CallStarted.connector", "api.service.name, dst_endpoint.svc_name"),
    ("CallStarted.server", "dst_endpoint.hostname, dst_endpoint.port"),
    ("CallStarted.tool", "resources.name, resources.uid, resources.type"),
    ("CallStarted.tool_hash", "unmapped.tool_hash"),
    ("CallStarted.request_id", "api.request.uid"),
    ("CallStarted.trace", "trace.uid, trace.span.uid, metadata.correlation_uid"),
    ("CallStarted.round", "unmapped.round"),
    ("CallStarted.decision", "action_id, disposition_id, is_alert, policy.uid, policy.version, policy.desc, authorizations.policy"),
    ("CallStarted.findings", "enrichments.data, severity_id"),
    ("CallStarted.payload", "api.request.data, actor.user.name, actor.user.email_addr, actor.user.groups"),
    ("CallFinished.payload", "api.response.data"),
    ("CallFinished.decision", "action_id, disposition_id, is_alert, policy.uid (in the place of the first, when they differ)"),
    ("CallFinished.findings", "enrichments.data, severity_id"),
    ("CallFinished.api_requests", "unmapped.api_requests"),
    ("CallFinished.messages", "unmapped.messages"),
    ("CallFinished.extra_answers", "unmapped.extra_answers"),
    ("CallFinished.response_dropped", "unmapped.response_dropped"),
    ("Outcome.status", "status_id, unmapped.status"),
    ("Outcome.transport", "unmapped.transport"),
    ("Outcome.http_status", "http_response.code"),
    ("Outcome.rpc_code", "api.response.code"),
    ("Outcome.is_error", "unmapped.is_error"),
    ("Outcome.error_class", "status_code, api.response.error"),
    ("Outcome.detail", "status_detail, api.response.error_message"),
    ("Timing.total_us", "duration, end_time"),
    ("Timing.gateway_us", "unmapped.timing_us"),
)
"""Each field of a record (struct and field) and where it stands in the event; a place in an array is written without an index."""


def api_activity(call: Call, origin: Origin, reviewed: Activity | None = None) -> dict[str, Any]:
    """Return the event. `reviewed` is what an administrator confirmed the tool to do; a server's own hints are not believed."""
    header, body = call.opening.header, call.opening.body
    activity, activity_name = _ACTIVITIES[reviewed] if reviewed else _OTHER
    outcome = call.outcome
    status = outcome.status if outcome else "open"
    status_id, status_name = _STATUSES.get(status, _FAILURE)
    decision, findings = _decision(call), _findings(call)
    severity = _severity(status_id, decision, findings)
    start = header.time // 1000
    duration = call.timing.total_us // 1000 if call.timing else None
    event: dict[str, Any] = _without_nothing(
        {
            "category_uid": 6,
            "category_name": "Application Activity",
            "class_uid": 6003,
            "class_name": "API Activity",
            "activity_id": activity,
            "activity_name": activity_name,
            "type_uid": 600300 + activity,
            "type_name": f"API Activity: {activity_name}",
            "time": start,
            "start_time": start,
            "end_time": None if duration is None else start + duration,
            "duration": duration,
            "severity_id": severity,
            "severity": _SEVERITIES[severity],
            "status_id": status_id,
            "status": status_name,
            "status_code": (outcome.error_class if outcome else None) or status,
            "status_detail": (outcome.detail if outcome else None) or (decision.reason if decision else None),
            "message": call.sentence,
            "metadata": _metadata(call, origin),
            "actor": _actor(call),
            "api": _api(call),
            "src_endpoint": _endpoint(body.source.ip, body.source.port),
            "dst_endpoint": _destination(call),
            "http_request": {
                "http_method": (body.http_method or "POST") if (body.http_method or "POST") in _METHODS else None,
                "user_agent": body.client.user_agent,
                "url": {"path": body.endpoint},
            },
            "http_response": {"code": outcome.http_status} if outcome and outcome.http_status is not None else None,
            "resources": _resources(call),
            "trace": _trace(call, start, duration) if body.trace.id else None,
            **_security_control(decision),
            "enrichments": [_enrichment(finding) for finding in findings],
            "unmapped": _unmapped(call, status),
        }
    )
    return event


def _metadata(call: Call, origin: Origin) -> dict[str, Any]:
    header = call.opening.header
    product = {"name": "Gatebook", "vendor_name": "Gatebook", "uid": origin.deployment, "version": origin.version}
    return {
        "version": VERSION,
        "product": product,
        "profiles": list(PROFILES),
        "uid": header.id,
        "correlation_uid": call.opening.body.trace.id,
        "log_name": header.stream,
        "sequence": header.seq,
        "original_time": _iso(header.time),
        "logged_time": (call.ending.header.time if call.ending else header.time) // 1000,
        "tenant_uid": origin.deployment,
    }


def _iso(time_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=max(0, min(time_us, _US_MAX)))).replace(tzinfo=None).isoformat() + "Z"


def _actor(call: Call) -> dict[str, Any]:
    body, who = call.opening.body, call.identity
    type_id, type_name = _USER_TYPES[body.actor.kind]
    user = {
        "uid": who.person or body.actor.subject or "-",
        "uid_alt": body.actor.subject,
        "name": who.name or who.person,
        "email_addr": who.email if _EMAIL.fullmatch(who.email) else None,
        "groups": [{"name": name} for name in who.groups if name],
        "type_id": type_id,
        "type": type_name,
        "programmatic_credentials": [{"uid": body.actor.token, "type": "Access token"}] if body.actor.token else None,
    }
    session = {"uid": body.session, "credential_uid": body.credential.id if body.credential else None}
    return {"user": user, "app_name": body.client.name, "session": session}


def _api(call: Call) -> dict[str, Any]:
    body, outcome = call.opening.body, call.outcome
    response = {
        "code": outcome.rpc_code if outcome else None,
        "error": outcome.error_class if outcome else None,
        "error_message": outcome.detail if outcome else None,
        "data": _text(call.response),
    }
    return {
        "operation": body.method or "unreadable",
        "service": {"name": body.connector or "gatebook", "uid": body.connector or "gatebook"},
        "request": {"uid": body.request_id or call.opening.header.id, "data": _text(call.arguments)},
        "response": response,
    }


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def _endpoint(ip: str, port: int) -> dict[str, Any]:
    try:
        address = str(ipaddress.ip_address(ip.partition("%")[0]))
    except ValueError:
        return {"name": ip or "unknown"}
    return {"ip": address, "port": port if 0 <= port <= 65535 else None}


def _destination(call: Call) -> dict[str, Any] | None:
    body = call.opening.body
    if not body.connector:
        return None
    server = (body.server if isinstance(body, CallStarted) else None) or ""
    host, _, port = server.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        return {"svc_name": body.connector, "name": server or None}
    return {"svc_name": body.connector, "hostname": host.strip("[]"), "port": int(port)}


def _resources(call: Call) -> list[dict[str, Any]] | None:
    body = call.opening.body
    if not body.tool:
        return None
    kind = _RESOURCES.get(body.method, "mcp.resource")
    return [{"name": body.tool, "uid": f"{body.connector or ''}/{body.tool}", "type": kind}]


def _trace(call: Call, start: int, duration: int | None) -> dict[str, Any]:
    trace = call.opening.body.trace
    span = {"start_time": start, "end_time": start + (duration or 0), "duration": duration}
    # The parent that a caller sent is the caller's own span; where it was made here it is that of this call.
    own = {"uid": trace.parent} if trace.made and trace.parent else {"uid": call.opening.header.id, "parent_uid": trace.parent}
    return {"uid": trace.id, "span": {**own, **span}}


def _decision(call: Call) -> Decision | None:
    ending = call.ending.body if call.ending else None
    late = ending.decision if isinstance(ending, CallFinished) else None
    return late or call.opening.body.decision


def _findings(call: Call) -> tuple[Finding, ...]:
    ending = call.ending.body if call.ending else None
    return call.opening.body.findings + (ending.findings if isinstance(ending, CallFinished) else ())


def _severity(status_id: int, decision: Decision | None, findings: tuple[Finding, ...]) -> int:
    found = max((_FINDING_SEVERITY[finding.severity] for finding in findings), default=1)
    acted = 3 if decision and decision.effect in ("blocked", "redacted") else 2 if status_id == 2 else 1
    return max(found, acted)


def _security_control(decision: Decision | None) -> dict[str, Any]:
    (action_id, action), (disposition_id, disposition) = _CONTROL[decision.effect] if decision else _UNKNOWN
    control: dict[str, Any] = {"action_id": action_id, "action": action, "disposition_id": disposition_id, "disposition": disposition}
    if decision is None:
        return control
    rule = decision.rule and {
        "uid": decision.rule,
        "name": decision.rule,
        "version": decision.bundle,
        "is_applied": True,
        "desc": decision.reason,
    }
    matched = [{"decision": decision.effect, "policy": {"uid": name, "version": decision.bundle}} for name in decision.matched if name]
    return {**control, "is_alert": decision.effect in ("blocked", "redacted"), "policy": rule, "authorizations": matched}


def _enrichment(finding: Finding) -> dict[str, Any]:
    data = msgspec.json.encode(finding).decode()
    return {"name": "dlp", "value": finding.type or "unknown", "type": "finding", "provider": finding.detector, "data": data}


def _unmapped(call: Call, status: str) -> dict[str, Any]:
    body, outcome, timing = call.opening.body, call.outcome, call.timing
    ending = call.ending.body if call.ending and isinstance(call.ending.body, CallFinished) else None
    return {
        "records": [_record(record) for record in (call.opening, call.ending) if record is not None],
        "status": status,
        "transport": outcome.transport if outcome else None,
        "is_error": outcome.is_error if outcome else None,
        "timing_us": msgspec.to_builtins(timing) if timing else None,
        "client_version": body.client.version,
        "protocol": body.protocol,
        "tool_hash": body.tool_hash,
        "credential": msgspec.to_builtins(body.credential) if body.credential else None,
        "round": msgspec.to_builtins(body.round) if body.round else None,
        "messages": ending.messages if ending else None,
        "extra_answers": ending.extra_answers if ending else None,
        "response_dropped": ending.response_dropped if ending else None,
        "api_requests": [msgspec.to_builtins(request) for request in ending.api_requests] if ending else None,
        "lost": call.lost or None,
    }


def _record(record: Opening | Ending) -> dict[str, Any]:
    header = record.header
    return {
        "uid": header.id,
        "type": header.type,
        "log_name": header.stream,
        "sequence": header.seq,
        "prev": header.prev,
        "leaf_hash": record.leaf,
    }


def _without_nothing(value: Any) -> Any:
    """The value without members that are absent or hold nothing: OCSF leaves out what it does not know."""
    if isinstance(value, dict):
        kept = {name: _without_nothing(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
