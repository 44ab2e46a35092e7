"""One plain sentence about a call: who asked, whose app, which connector, for what, how much came back, what governance did, how it ended. Pure."""

from msgspec.structs import replace

from gatebook.index.rows import CallRow
from gatebook.reading.masking import hidden_of

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
    "cut_off": "the person was cut off",
    "state_unavailable": "the worker had lost touch with its state",
    "log_unavailable": "the log could not be written",
    "internal": "the gateway failed",
}
_REASON_CHARACTERS_MAX = 240
_KINDS_MAX = 4


def sentence(row: CallRow) -> str:
    """Say who asked what of whom, what came back, what governance did and why, and how it ended."""
    return f"{who(row)} {_asked(row)}{_ended(row)}"


def own_sentence(row: CallRow) -> str:
    """The same, said to the person who called: without the names of rules, which tell those who keep them, and nobody else."""
    return f"{f'Your {row.client}' if row.client else 'You'} {_asked(row)}{_ended(replace(row, rules=()))}"


def who(row: CallRow) -> str:
    """The person and their app."""
    person = row.name or row.email or row.person
    if "identity" in hidden_of(row):
        return f"Somebody, with {row.client}," if row.client else "Somebody"
    if not person:
        person = "Somebody who was not identified" if row.subject in ("", "-") else f"Somebody erased ({row.subject[:8]})"
        return f"{person}, with {row.client}," if row.client else person
    owner = f"{person}'" if person.endswith("s") else f"{person}'s"
    return f"{owner} {row.client}" if row.client else person


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
        case "" if "metadata" in hidden_of(row):
            return f"called {target}"
        case "":
            return "sent a request that could not be read"
    return f"sent {row.method} to {target}"


def _ended(row: CallRow) -> str:
    if "metadata" in hidden_of(row) and not row.duration_us:
        return f"; it ended as {row.status.replace('_', ' ')}." if row.status != "open" else "."
    took = duration(row.duration_us)
    match row.status:
        case "ok":
            return f"; {_came_back(row)} in {took}{_redacted(row)}."
        case "blocked":
            return _blocked(row)
        case "tool_error":
            return f"; the tool itself failed after {took}{_because(row)}."
        case "protocol_error":
            return f"; it was answered with a protocol error in {took}{_because(row)}."
        case "upstream_error":
            return f"; the connector failed after {took}{_because(row)}."
        case "timeout":
            return f"; no answer came within {took}."
        case "cancelled":
            return f"; it was cancelled after {took}."
        case "pending":
            return (
                f"; {_rule(row)} asks for an approval first{_reason(row.reason)}."
                if row.effect == "pending"
                else "; it waits for another round."
            )
        case "unknown":
            return "; the gateway stopped before the answer was recorded, so its outcome is not known."
    return "; it has not been answered yet."


def _came_back(row: CallRow) -> str:
    """How much came back, as far as the record tells."""
    size = f" ({_size(row.bytes_out)})" if row.bytes_out else ""
    if row.returned > 1:
        return f"{row.returned:,} records came back{size}"
    return f"an answer of {_size(row.bytes_out)} came back" if row.bytes_out else "it was answered"


def _redacted(row: CallRow) -> str:
    if row.effect != "redacted":
        return _carried(row)
    return f", after {_rule(row)} redacted it{_reason(row.reason)}{_carried(row)}"


def _rule(row: CallRow) -> str:
    return f"rule {row.rules[0]}" if row.rules else "governance"


def _blocked(row: CallRow) -> str:
    rule = f"; rule {row.rules[0]} blocked it" if row.rules else "; it was blocked"
    found = f" because of {_found(row)}" if row.findings else ""
    return f"{rule}{found}{_reason(row.reason or row.detail)}."


def _carried(row: CallRow) -> str:
    found = _found(row) if row.findings else ""
    return f"; {found} {'was' if len(set(row.findings)) == 1 else 'were'} found" if found else ""


def _found(row: CallRow) -> str:
    """The kinds of sensitive data, in words."""
    kinds = [kind.replace("_", " ") for kind in dict.fromkeys(row.findings)]
    if len(kinds) > _KINDS_MAX:
        kinds = [*kinds[: _KINDS_MAX - 1], f"{len(kinds) - _KINDS_MAX + 1} more"]
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"


def _reason(text: str) -> str:
    text = text.strip().rstrip(".")
    return f": {text[:_REASON_CHARACTERS_MAX]}{'…' if len(text) > _REASON_CHARACTERS_MAX else ''}" if text else ""


def _because(row: CallRow) -> str:
    return _reason(row.detail or _ERRORS.get(row.error_class, ""))


def duration(us: int) -> str:
    """A duration in the unit that fits."""
    if us < 10_000:
        return f"{us / 1000:.1f} ms"
    return f"{us / 1000:.0f} ms" if us < 1_000_000 else f"{us / 1_000_000:.1f} s"


def _size(count: int) -> str:
    return f"{count} bytes" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
