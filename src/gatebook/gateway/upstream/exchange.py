"""What every way to a connector looks like to the gateway: a leg carries messages, an exchange is one request under way."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from gatebook.gateway import wire

Headers = list[tuple[bytes, bytes]]
Form = Literal["json", "sse", "message", "empty"]


class Item(Struct, frozen=True):
    """A piece of an answer: the bytes as they came (a body, an event or a message), and the message in them, if any.

    `foreign`: the bytes hold data that is no message of MCP.
    """

    raw: bytes
    message: wire.Message | None
    foreign: bool = False


class InvalidAnswer(Exception):
    """The connector answered with something that is not MCP."""


class HttpFailure(Exception):
    """The connector answered with an HTTP error that carries no JSON-RPC message."""

    def __init__(self, status: int, detail: str, retry_after: bytes | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after


class Outgoing(Struct, frozen=True):
    """A request as it goes to a connector."""

    message: wire.Message
    headers: Sequence[tuple[bytes, bytes]]
    response_bytes_max: int


class Exchange(Protocol):
    """One request under way."""

    form: Form
    http_status: int | None
    session: bytes | None

    def items(self) -> AsyncGenerator[Item]:
        """Yield what the connector sends until its stream ends. Raises UpstreamError, InvalidAnswer, HttpFailure."""
        ...

    def abort(self, reason: Literal["timeout", "cancelled"]) -> None:
        """End the request from this side, in the way of the transport."""
        ...


class Leg(Protocol):
    """A way to one connector, for one session, one person or everybody."""

    modern: bool
    hello: bytes

    async def send(self, outgoing: Outgoing) -> Exchange:
        """Send a request. Raises UpstreamError."""
        ...

    async def pass_on(self, message: wire.Message, headers: Sequence[tuple[bytes, bytes]]) -> int:
        """Send a notification, or a client's response; return the HTTP status for the client. Raises UpstreamError."""
        ...

    async def listen(self, headers: Sequence[tuple[bytes, bytes]]) -> Exchange:
        """Open the stream for messages that belong to no request. Raises UpstreamError, HttpFailure."""
        ...

    async def close(self, reason: str) -> None:
        """End the session with the connector."""
        ...
