"""One plain sentence about a call. Pure."""

from gatebook.index.rows import CallRow

_ERRORS = {
    "auth": "it was not signed in there",
    "permission": "it lacked the permission there",
    "not_found": "what it asked for was not found",
    "rate_limited": "the connector limited the rate",
    "invalid_input": "the request was not valid",
    "too_large": "it was too large",
    "unsupported": "it is not supported",
    "upstream_down": "the connector was down",
    "upstream_invalid": "the connector's answer was not valid",
    "overloaded": "the gateway was at its limit",
    "log_unavailable": "the log could not be written",
    "internal": "the gateway failed",
}


def sentence(row: CallRow) -> str:
    """Say who asked what of whom, and how it ended."""
    return f"{who(row)} {_asked(row)}{_ended(row)}"


def who(row: CallRow) -> str:
    """The person and their app."""
    person = row.name or row.email or row.person
    if not person:
        person = "Somebody who was not identified" if row.subject in ("", "-") else f"Somebody erased ({row.subject[:8]})"
    return f"{person}, with {row.client}," if row.client else person


def _asked(row: CallRow) -> str:
    target = row.connector or "the gateway"
    match row.method:
        case "tools/call":
            return f"asked {target} to run {row.tool or 'a tool without a name'}"
        case "tools/list":
            return f"listed the tools of {row.connector or 'all connectors'}"
        case "resources/read":
            return f"read the resource {row.tool} of {target}"
        case "prompts/get":
            return f"fetched the prompt {row.tool} of {target}"
        case "initialize" | "server/discover":
            return f"opened a session with {target}"
        case "":
            return "sent a request that could not be read"
    return f"sent {row.method} to {target}"


def _ended(row: CallRow) -> str:
    took = _took(row.duration_us)
    why = _ERRORS.get(row.error_class, "")
    because = f": {row.detail.rstrip('.')}" if row.detail else f": {why}" if why else ""
    match row.status:
        case "ok":
            redacted = ", after redaction" if row.effect == "redacted" else ""
            return f"; it was answered in {took}{redacted}."
        case "blocked":
            rule = f"; rule {row.rules[0]} blocked it" if row.rules else "; it was blocked"
            reason = row.reason or row.detail
            return f"{rule}: {reason.rstrip('.')}." if reason else f"{rule}."
        case "tool_error":
            return f"; the tool itself failed after {took}{because}."
        case "protocol_error":
            return f"; it was answered with a protocol error in {took}{because}."
        case "upstream_error":
            return f"; the connector failed after {took}{because}."
        case "timeout":
            return f"; no answer came within {took}."
        case "cancelled":
            return f"; it was cancelled after {took}."
        case "pending":
            return "; it waits for another round."
        case "unknown":
            return "; the gateway stopped before the answer was recorded, so its outcome is not known."
    return "; it has not been answered yet."


def _took(us: int) -> str:
    if us < 10_000:
        return f"{us / 1000:.1f} ms"
    return f"{us / 1000:.0f} ms" if us < 1_000_000 else f"{us / 1_000_000:.1f} s"
