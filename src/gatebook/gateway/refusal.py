"""What is raised where the gateway answers a request itself, with an error."""

from typing import Any

from gatebook.gateway import wire
from gatebook.record.parts import Decision, ErrorClass


class Refusal(Exception):
    """The gateway answers the request itself, with an error."""

    def __init__(
        self, code: int, text: str, *, status: int = 200, error_class: ErrorClass | None = None, decision: Decision | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.status = status
        self.error_class = error_class
        self.decision = decision
        self.data: dict[str, Any] | None = None
        self.headers: tuple[tuple[bytes, bytes], ...] = ()
        self.asked: tuple[str, str | None] | None = None
        """Connector, and tool as the connector names it, where a decision about them was made."""

    def with_data(self, data: dict[str, Any] | None) -> "Refusal":
        """Add the `data` member of the JSON-RPC error."""
        self.data = data
        return self


class NotConnected(Refusal):
    """The person has to connect an account of their own first, at `url`. `http_status`: that of the connector, where it was asked."""

    def __init__(self, text: str, connector: str, url: str, http_status: int | None = None) -> None:
        super().__init__(wire.NOT_CONNECTED, text, error_class="auth")
        self.connector = connector
        self.url = url
        self.http_status = http_status


def by_policy(decision: Decision) -> Refusal:
    """The refusal of a call that was decided against, or that waits for an approval; the caller reads the reason of the decision."""
    return Refusal(wire.BLOCKED, decision.reason or "Blocked by policy.", error_class="policy", decision=decision)
