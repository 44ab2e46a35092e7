"""Records to rows: the one place that knows which field of which record fills which column."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import astuple, replace

from gatebook.index.returned import returned
from gatebook.index.rows import CALL_COLUMNS, CallRow, FullRow, RecordRow
from gatebook.log.position import Position
from gatebook.query.paths import pairs
from gatebook.query.text import searchable
from gatebook.record.base import Header
from gatebook.record.body import AnyBody, CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.parts import ApiRequest, Decision, Finding, Outcome, PartName, Payload, Timing

TEXT_BYTES_MAX: Final = 1 << 20
"""Payloads are searched up to here; the log holds them whole."""

_GONE: Final = ("none", "kept", "damaged", "dropped", "erased")


class Opened(Struct, frozen=True):
    """What was decrypted of a record's payload, and its state: kept, dropped, erased, damaged or none."""

    parts: Mapping[PartName, bytes] = {}
    state: str = "none"


class _Identity(Struct):
    id: str = ""
    email: str | None = None
    name: str | None = None
    groups: tuple[str, ...] = ()


class _Params(Struct):
    # Not `Raw | None`: that refuses everything but null.
    arguments: Raw = Raw()


_decode_identity = msgspec.json.Decoder(_Identity).decode
_decode_params = msgspec.json.Decoder(_Params).decode


def started(header: Header, body: CallStarted | CallRefused, at: Position, payload: Opened) -> FullRow:
    """Return the row of a call that begins here; it is open until `finished`, or ended when the body is of a refused call."""
    person = identity(payload.parts)
    asked = arguments(body.method, payload.parts)[:TEXT_BYTES_MAX]
    fields: dict[str, Any] = {
        "call_id": header.id,
        "time": header.time,
        "person": person.id,
        "email": person.email or "",
        "name": person.name or "",
        "groups": person.groups,
        "subject": body.actor.subject,
        "actor_kind": body.actor.kind,
        "auth": body.actor.auth,
        "token": body.actor.token or "",
        "client": body.client.name or "",
        "client_version": body.client.version or "",
        "user_agent": body.client.user_agent or "",
        "ip": body.source.ip,
        "session": body.session or "",
        "connector": body.connector or "",
        "tool": body.tool or "",
        "tool_hash": body.tool_hash or "",
        "method": body.method,
        "http_method": body.http_method or "",
        "endpoint": body.endpoint,
        "protocol": body.protocol or "",
        "request_id": body.request_id or "",
        "trace": body.trace.id,
        "credential": body.credential.id if body.credential else "",
        "credential_kind": body.credential.kind if body.credential else "",
        "server": (body.server or "") if isinstance(body, CallStarted) else "",
        "bytes_in": _size(body.payload, "arguments"),
        "round_first": body.round.first if body.round else "",
        "round_number": body.round.number if body.round else 1,
        "payload": payload.state,
        "stream": header.stream,
        "started_seq": header.seq,
        "started_segment": at.segment,
        "started_offset": at.offset,
        "arguments": searchable(asked),
        "args": pairs(asked),
        **_decision(body.decision),
        **_findings(body.findings),
    }
    if isinstance(body, CallRefused):
        fields.update(_outcome(header, body.outcome, body.timing, at))
        fields["bytes_out"] = _size(body.payload, "response")
        fields["response"] = searchable(payload.parts.get("response", b"")[:TEXT_BYTES_MAX])
    return FullRow(**fields)


def finished(row: FullRow, header: Header, body: CallFinished | CallOutcomeUnknown, at: Position, payload: Opened) -> FullRow:
    """Return the row of an open call with its outcome."""
    if isinstance(body, CallOutcomeUnknown):
        unknown = Outcome(status="unknown", transport="broken", detail=body.reason)
        return replace(row, **_outcome(header, unknown, Timing(total_us=0), at))
    response = payload.parts.get("response", b"")
    fields = {**_decision(body.decision), **_findings(body.findings, row), **_api_requests(body.api_requests)}
    return replace(
        row,
        **_outcome(header, body.outcome, body.timing, at),
        **fields,
        messages=body.messages,
        extra_answers=body.extra_answers,
        response_dropped=body.response_dropped or "",
        bytes_out=_size(body.payload, "response"),
        payload=max(row.payload, payload.state, key=_GONE.index),
        response=searchable(response[:TEXT_BYTES_MAX]),
        returned=returned(response) if body.outcome.status == "ok" else 0,
    )


def orphan(header: Header, body: CallFinished | CallOutcomeUnknown) -> FullRow:
    """Return the row for an outcome whose beginning is no longer in the log."""
    return FullRow(call_id=body.call, time=header.time, stream=header.stream, started_seq=body.started_seq)


def record(header: Header, body: AnyBody, core: bytes, at: Position, payload: Opened) -> RecordRow:
    """Return the row of a record that neither opens nor ends a call."""
    fields = {name: getattr(body, name, None) for name in ("call", "connector", "method")}
    actor = getattr(body, "actor", None)
    data = b"\n".join(payload.parts[name] for name in ("message", "diff") if name in payload.parts)
    return RecordRow(
        id=header.id,
        time=header.time,
        type=header.type,
        stream=header.stream,
        seq=header.seq,
        segment=at.segment,
        offset=at.offset,
        call=fields["call"] or "",
        subject=actor.subject if actor else "",
        person=identity(payload.parts).id,
        connector=fields["connector"] or "",
        method=fields["method"] or "",
        summary=core.decode("utf-8", "replace"),
        text=searchable(data[:TEXT_BYTES_MAX]),
    )


def without_payloads(row: FullRow) -> CallRow:
    """Return the metadata of a row alone."""
    return CallRow(**dict(zip(CALL_COLUMNS, astuple(row), strict=False)))


def identity(parts: Mapping[PartName, bytes]) -> _Identity:
    """Read the identity part; empty when there is none or when it does not follow the form."""
    data = parts.get("identity")
    if data is None:
        return _Identity()
    try:
        return _decode_identity(data)
    except msgspec.MsgspecError:
        return _Identity()


def arguments(method: str, parts: Mapping[PartName, bytes]) -> bytes:
    """Return the arguments as they are searched: of a tool call what the tool is given, else the whole parameters."""
    data = parts.get("arguments", b"")
    if method == "tools/call":
        try:
            data = bytes(_decode_params(data).arguments) or data
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
    return data


def _outcome(header: Header, outcome: Outcome, timing: Timing, at: Position) -> dict[str, Any]:
    return {
        "finished": header.time,
        "duration_us": timing.total_us,
        "gateway_us": timing.gateway_us,
        "policy_us": timing.policy_us,
        "dlp_us": timing.dlp_us,
        "log_us": timing.log_us,
        "upstream_us": timing.upstream_us,
        "status": outcome.status,
        "transport": outcome.transport,
        "http_status": outcome.http_status or 0,
        "rpc_code": outcome.rpc_code or 0,
        "is_error": outcome.is_error,
        "error_class": outcome.error_class or "",
        "detail": outcome.detail or "",
        "outcome_seq": header.seq,
        "outcome_segment": at.segment,
        "outcome_offset": at.offset,
    }


def _decision(decision: Decision | None) -> dict[str, Any]:
    if decision is None:
        return {}
    return {
        "effect": decision.effect,
        "rules": (decision.rule, *(rule for rule in decision.matched if rule != decision.rule)),
        "bundle": decision.bundle,
        "reason": decision.reason or "",
    }


def _findings(found: tuple[Finding, ...], row: CallRow | None = None) -> dict[str, Any]:
    """The columns about findings; those of the response come to those of the arguments, which `row` holds."""
    if not found:
        return {}
    columns = (("findings", "type"), ("detectors", "detector"), ("severities", "severity"), ("fingerprints", "fingerprint"))
    before: dict[str, tuple[str, ...]] = {name: getattr(row, name) if row else () for name, _ in columns}
    return {
        name: tuple(dict.fromkeys([*before[name], *(value for item in found if (value := getattr(item, field)))]))
        for name, field in columns
    }


def _api_requests(requests: tuple[ApiRequest, ...]) -> dict[str, Any]:
    return {
        "api_hosts": tuple(dict.fromkeys(request.host for request in requests)),
        "api_methods": tuple(dict.fromkeys(request.method for request in requests)),
        "api_statuses": tuple(
            dict.fromkeys(request.status for request in requests if request.status is not None and 0 <= request.status <= 999)
        ),
    }


def _size(payload: Payload | None, name: PartName) -> int:
    return next((part.size for part in payload.parts if part.part == name), 0) if payload else 0
