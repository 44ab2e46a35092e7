"""How a request ended: transport, protocol and tool level, and the status and class that follow from them.

Pure.
"""

import re
from typing import get_args

from gatebook.gateway import wire
from gatebook.record.parts import ErrorClass, Outcome, Status, Transport

_BY_CODE: dict[int, ErrorClass] = {
    wire.PARSE_ERROR: "invalid_input",
    wire.INVALID_REQUEST: "invalid_input",
    wire.INVALID_PARAMS: "invalid_input",
    wire.METHOD_NOT_FOUND: "unsupported",
    wire.HEADER_MISMATCH: "invalid_input",
    wire.MISSING_CAPABILITY: "unsupported",
    wire.UNSUPPORTED_VERSION: "unsupported",
    wire.INTERNAL_ERROR: "internal",
    wire.AUDIT_UNAVAILABLE: "log_unavailable",
    wire.UPSTREAM_FAILED: "upstream_down",
    wire.BLOCKED: "policy",
    wire.OVERLOADED: "overloaded",
    wire.NOT_BRIDGED: "unsupported",
    wire.STATE_UNAVAILABLE: "state_unavailable",
    wire.NOT_CONNECTED: "auth",
    -32002: "not_found",  # resource not found up to 2025-11-25
    -32001: "timeout",  # request timeout in the SDKs
    -32042: "auth",  # URL elicitation required
}
# In this order: the first that matches is the class. Connectors have no common codes, so words are all there is.
_BY_WORDS: tuple[tuple[ErrorClass, re.Pattern[str]], ...] = (
    ("rate_limited", re.compile(r"rate.?limit|too many requests|quota|\b429\b|throttl", re.I)),
    ("auth", re.compile(r"unauthori[sz]ed|authenticat|invalid (api )?(key|token)|expired token|\b401\b|not signed in", re.I)),
    ("permission", re.compile(r"permission|forbidden|access denied|not allowed|\b403\b|outside allowed", re.I)),
    ("not_found", re.compile(r"not found|no such|does not exist|unknown (tool|prompt|resource)|\b404\b|ENOENT|doesn't exist", re.I)),
    ("timeout", re.compile(r"timed? ?out|deadline", re.I)),
    ("too_large", re.compile(r"too large|too long|\b413\b", re.I)),
    ("invalid_input", re.compile(r"invalid|validation|required|must be|missing|malformed|bad request|\b400\b|expected", re.I)),
    ("upstream_down", re.compile(r"unavailable|connection refused|ECONNREFUSED|ENOTFOUND|name resolution|\b50[234]\b|unreachable", re.I)),
)
_WORDS_MAX = 2048
ERROR_CLASSES: tuple[str, ...] = get_args(ErrorClass)


def of_answer(message: wire.Message, http_status: int | None = None) -> Outcome:
    """Judge a final answer."""
    if message.kind == "error":
        error = wire.error_head(message.error or b"{}")
        return Outcome(
            status="protocol_error",
            transport="ok",
            http_status=http_status,
            rpc_code=error.code,
            error_class=_BY_CODE.get(error.code) or classify(error.message),
        )
    head = wire.result_head(message.result or b"{}")
    if head.is_error:
        return Outcome(
            status="tool_error", transport="ok", http_status=http_status, is_error=True, error_class=classify(_text(message.result or b""))
        )
    status: Status = "pending" if head.result_type == "input_required" else "ok"
    return Outcome(status=status, transport="ok", http_status=http_status)


def of_failure(reason: str, detail: str, http_status: int | None = None) -> Outcome:
    """Judge an exchange that brought no answer; `reason` as in UpstreamError, or http_error or invalid."""
    if reason == "timeout":
        return Outcome(status="timeout", transport="timeout", error_class="timeout", detail=detail, http_status=http_status)
    if reason == "cancelled":
        return Outcome(status="cancelled", transport="cancelled", error_class="cancelled", detail=detail, http_status=http_status)
    transport: Transport = "ok"
    error_class: ErrorClass = "upstream_invalid"
    if reason == "refused":
        transport, error_class = "refused", "upstream_down"
    elif reason == "broken":
        transport, error_class = "broken", "upstream_down"
    elif reason == "too_large":
        transport, error_class = "broken", "too_large"
    elif reason == "http_error":
        transport, error_class = "http_error", _of_http(http_status or 0)
    return Outcome(status="upstream_error", transport=transport, error_class=error_class, detail=detail, http_status=http_status)


def refused(code: int, detail: str, error_class: ErrorClass | None = None) -> Outcome:
    """Judge a request that the gateway refused itself."""
    status: Status = "blocked" if error_class == "policy" else "protocol_error"
    return Outcome(
        status=status, transport="not_sent", rpc_code=code, error_class=error_class or _BY_CODE.get(code, "other"), detail=detail
    )


def classify(text: str) -> ErrorClass:
    """Map the words of an error to a class."""
    head = text[:_WORDS_MAX]
    for error_class, pattern in _BY_WORDS:
        if pattern.search(head):
            return error_class
    return "other"


def _of_http(status: int) -> ErrorClass:
    named: dict[int, ErrorClass] = {401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 413: "too_large", 429: "rate_limited"}
    return named.get(status, "upstream_down" if status >= 500 else "upstream_invalid")


def _text(result: bytes) -> str:
    return result[: _WORDS_MAX * 2].decode("utf-8", "replace")
