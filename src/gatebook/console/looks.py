"""How an outcome looks: shape, colour and word together, never colour alone."""

from msgspec import Struct

from gatebook.index.rows import CallRow


class Look(Struct, frozen=True, kw_only=True):
    """`outcome` names the colour and the layer of the histogram, `shape` the icon."""

    outcome: str
    shape: str
    word: str


def _look(outcome: str, shape: str, word: str) -> Look:
    return Look(outcome=outcome, shape=shape, word=word)


LOOKS: dict[str, Look] = {
    "ok": _look("ok", "ok", "OK"),
    "redacted": _look("redacted", "redacted", "Redacted"),
    "blocked": _look("blocked", "blocked", "Blocked"),
    "tool_error": _look("failed", "failed", "Tool error"),
    "protocol_error": _look("failed", "failed", "Protocol error"),
    "upstream_error": _look("failed", "failed", "Connector error"),
    "timeout": _look("failed", "timeout", "Timed out"),
    "cancelled": _look("other", "cancelled", "Cancelled"),
    "pending": _look("other", "clock", "Pending"),
    "unknown": _look("other", "other", "Unknown"),
    "open": _look("other", "clock", "Open"),
}
EFFECTS: dict[str, Look] = {
    "allowed": _look("ok", "ok", "Allowed"),
    "blocked": _look("blocked", "blocked", "Blocked"),
    "redacted": _look("redacted", "redacted", "Redacted"),
    "pending": _look("other", "clock", "Pending approval"),
}
OUTCOMES: dict[str, tuple[str, ...]] = {
    outcome: tuple(name for name, look in LOOKS.items() if look.outcome == outcome and name != "redacted")
    for outcome in ("ok", "blocked", "failed", "other")
}


def status_of(row: CallRow) -> str:
    """The look of a call: its status, but redacted where governance changed what passed."""
    return "redacted" if row.status == "ok" and row.effect == "redacted" else row.status
